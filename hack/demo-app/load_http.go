package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
)

// httpRequester speaks HTTP/1.1 on connections of its own, since net/http repeats a request by itself when a kept-alive
// connection breaks, and so hides exactly the failures that are looked for.
type httpRequester struct {
	options loadOptions
	dialer  net.Dialer

	mu   sync.Mutex
	idle []*connection
}

type connection struct {
	net.Conn
	reader *bufio.Reader
}

func newHTTPRequester(o loadOptions) *httpRequester {
	return &httpRequester{options: o}
}

func (h *httpRequester) send(ctx context.Context, fresh, post bool, number int) outcome {
	c, err := h.connect(ctx, fresh)
	if err != nil {
		return outcome{failure: classify(err)}
	}
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	result, reusable := h.exchange(c, fresh, post, number)
	if fresh || !reusable {
		_ = c.Close()
		return result
	}
	h.mu.Lock()
	h.idle = append(h.idle, c)
	h.mu.Unlock()
	return result
}

// connect takes a kept-alive connection that the server has not closed meanwhile, or dials.
func (h *httpRequester) connect(ctx context.Context, fresh bool) (*connection, error) {
	for !fresh {
		c := h.takeIdle()
		if c == nil {
			break
		}
		if open(c.Conn) {
			return c, nil
		}
		_ = c.Close()
	}
	address := h.options.url.Host
	if h.options.url.Port() == "" {
		address = net.JoinHostPort(h.options.url.Hostname(), "80")
	}
	conn, err := h.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn, reader: bufio.NewReader(conn)}, nil
}

func (h *httpRequester) takeIdle() *connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.idle) == 0 {
		return nil
	}
	c := h.idle[len(h.idle)-1]
	h.idle = h.idle[:len(h.idle)-1]
	return c
}

// exchange sends one request and reads its answer; reusable says whether the connection may carry another.
func (h *httpRequester) exchange(c *connection, fresh, post bool, number int) (result outcome, reusable bool) {
	request, body := h.request(fresh, post, number)
	if err := request.Write(c); err != nil {
		return outcome{failure: classify(err)}, false
	}
	response, err := http.ReadResponse(c.reader, request)
	if err != nil {
		return outcome{failure: classify(err)}, false
	}
	defer func() { _ = response.Body.Close() }()
	result.version = response.Header.Get("X-Version")
	answer, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		result.failure = classify(err)
	case response.StatusCode >= http.StatusBadRequest:
		result.failure = fmt.Sprintf("http %d", response.StatusCode)
	case post && !bytes.Equal(answer, body):
		result.failure = "wrong echo"
	}
	return result, err == nil && !response.Close
}

func (h *httpRequester) request(fresh, post bool, number int) (*http.Request, []byte) {
	target := *h.options.url
	method, body := http.MethodGet, []byte(nil)
	if post {
		method, body = http.MethodPost, fmt.Appendf(nil, `{"order": %d}`, number)
		target.Path = strings.TrimSuffix(target.Path, "/") + "/echo"
	}
	request := &http.Request{
		Method: method, URL: &target, Host: h.options.host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"demo-app-load/" + version}}, Close: fresh,
	}
	if post {
		request.Header.Set("Content-Type", "application/json")
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return request, body
}

// open peeks without waiting: a server that ended an idle connection has said so before anything is sent on it.
func open(conn net.Conn) bool {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return false
	}
	waiting := false
	err = raw.Read(func(fd uintptr) bool {
		var buffer [1]byte
		_, _, peekErr := syscall.Recvfrom(int(fd), buffer[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting = errors.Is(peekErr, syscall.EAGAIN)
		return true
	})
	return err == nil && waiting
}

// classify names the kind of failure of a request that has no answer.
func classify(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return timedOut
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	}
	return "other: " + err.Error()
}
