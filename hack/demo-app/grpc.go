package main

import (
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// gRPC over HTTP/2 without a library: both messages served here are answered with bytes that need no code generation
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
const (
	grpcHealthPath  = "/grpc.health.v1.Health/Check"
	grpcEchoPath    = "/trimtab.demo.Echo/Say" // answers with the message that it was sent
	grpcOK          = 0
	grpcInternal    = 13
	grpcUnavailable = 14
	grpcPrefix      = 5 // one byte of flags, four of length
)

// HealthCheckResponse{status: SERVING = 1 | NOT_SERVING = 2}
var healthServing, healthNotServing = []byte{0x08, 0x01}, []byte{0x08, 0x02}

func isGRPC(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

func (s *service) grpcHealth(w http.ResponseWriter, _ *http.Request) {
	message := healthServing
	if s.draining.Load() || s.faults.now().Unready {
		message = healthNotServing
	}
	writeGRPC(w, message)
}

func (s *service) grpcEcho(w http.ResponseWriter, r *http.Request) {
	message, err := readGRPC(http.MaxBytesReader(w, r.Body, s.config.maxBodySize))
	if err != nil {
		writeGRPCStatus(w, grpcInternal, err.Error())
		return
	}
	writeGRPC(w, message)
}

// readGRPC returns the first message of a stream.
func readGRPC(body io.Reader) ([]byte, error) {
	var prefix [grpcPrefix]byte
	if _, err := io.ReadFull(body, prefix[:]); err != nil {
		return nil, err
	}
	message, err := io.ReadAll(io.LimitReader(body, int64(binary.BigEndian.Uint32(prefix[1:]))))
	return message, err
}

// frameGRPC puts the length prefix before an uncompressed message.
func frameGRPC(message []byte) []byte {
	frame := binary.BigEndian.AppendUint32(make([]byte, 1, grpcPrefix+len(message)), uint32(len(message)))
	return append(frame, message...)
}

func writeGRPC(w http.ResponseWriter, message []byte) {
	w.Header().Set("Content-Type", "application/grpc")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(frameGRPC(message))
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(grpcOK))
}

func writeGRPCStatus(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", strconv.Itoa(code))
	w.Header().Set("Grpc-Message", message)
	w.WriteHeader(http.StatusOK)
}
