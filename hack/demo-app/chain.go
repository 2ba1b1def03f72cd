package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// link is one service's part of the answer to "/"; Upstream is the answer of the service that it called.
type link struct {
	Service  string            `json:"service"`
	Version  string            `json:"version"`
	Pod      string            `json:"pod"`
	Config   map[string]string `json:"config,omitempty"`
	Upstream json.RawMessage   `json:"upstream,omitempty"`
	Error    string            `json:"error,omitempty"`
}

// chain calls the upstream, if there is one, and answers with both; an upstream that fails makes it a 502.
func (s *service) chain(w http.ResponseWriter, r *http.Request) {
	answer := link{
		Service: s.config.service, Version: version, Pod: s.config.pod, Config: readFiles(s.config.configDir),
	}
	status := http.StatusOK
	if s.config.upstream != "" {
		body, err := s.callUpstream(r)
		answer.Upstream = body
		if err != nil {
			answer.Error = err.Error()
			slog.Warn("upstream failed", "error", err.Error())
			status = http.StatusBadGateway
		}
	}
	writeJSON(w, status, answer)
}

// callUpstream returns the upstream's JSON, also beside an error if it gave both.
func (s *service) callUpstream(r *http.Request) (json.RawMessage, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.config.upstream, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.upstream.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, s.config.maxBodySize))
	if err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		body = nil
	}
	if response.StatusCode != http.StatusOK {
		return body, fmt.Errorf("%s answered %s", s.config.upstream, response.Status)
	}
	return body, nil
}
