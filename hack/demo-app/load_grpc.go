package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// grpcRequester calls the demo's Echo service; every call carries a message that must come back.
type grpcRequester struct {
	options loadOptions
	kept    *http.Client
}

func newGRPCRequester(o loadOptions) *grpcRequester {
	return &grpcRequester{options: o, kept: newHTTP2Client()}
}

func newHTTP2Client() *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: transport}
}

func (g *grpcRequester) send(ctx context.Context, fresh, _ bool, number int) outcome {
	client := g.kept
	if fresh {
		client = newHTTP2Client()
		defer client.CloseIdleConnections()
	}
	message := fmt.Appendf(nil, "order %d", number)
	target := g.options.url.Scheme + "://" + g.options.url.Host + grpcEchoPath
	// A reader of no known type: net/http cannot rewind it and so cannot repeat the request.
	body := struct{ io.Reader }{bytes.NewReader(frameGRPC(message))}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return outcome{failure: classify(err)}
	}
	request.Host = g.options.host
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	response, err := client.Do(request)
	if err != nil {
		return outcome{failure: classify(err)}
	}
	defer func() { _ = response.Body.Close() }()
	result := outcome{version: response.Header.Get("X-Version")}
	answer, err := io.ReadAll(response.Body)
	status := response.Trailer.Get("Grpc-Status") + response.Header.Get("Grpc-Status")
	switch {
	case err != nil:
		result.failure = classify(err)
	case response.StatusCode != http.StatusOK:
		result.failure = fmt.Sprintf("http %d", response.StatusCode)
	case status != "0":
		result.failure = strings.TrimSpace("grpc " + status)
	case !bytes.Equal(answer, frameGRPC(message)):
		result.failure = "wrong echo"
	}
	return result
}
