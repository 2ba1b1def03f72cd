package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// service answers requests; its faults can be changed while it runs.
type service struct {
	config   config
	upstream *http.Client
	metrics  *metrics
	faults   atomic.Pointer[faults]
	draining atomic.Bool
}

// faults are the knobs of /admin/faults. Latency is a Go duration, ErrorRate a share from 0 to 1.
type faults struct {
	Latency   string  `json:"latency"`
	ErrorRate float64 `json:"errorRate"`
	Unready   bool    `json:"unready"`
	delay     time.Duration
}

func newService(c config) *service {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	// Shorter than config.drain of whoever is called: see (*service).run.
	transport.IdleConnTimeout = 2 * time.Second
	s := &service{
		config:   c,
		upstream: &http.Client{Transport: transport, Timeout: c.timeout},
		metrics:  newMetrics(c.service, version),
	}
	s.faults.Store(&faults{Latency: c.latency.String(), ErrorRate: c.errorRate, delay: c.latency})
	return s
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("/readyz", s.ready)
	mux.HandleFunc("GET /metrics", s.metrics.serve)
	mux.HandleFunc("GET /admin/faults", s.showFaults)
	mux.HandleFunc("POST /admin/faults", s.setFaults)
	mux.HandleFunc("POST /admin/crash", func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	mux.HandleFunc("POST "+grpcHealthPath, s.grpcHealth)
	mux.Handle("POST "+grpcEchoPath, s.measured(s.grpcEcho))
	mux.Handle("GET /version", s.measured(s.showVersion))
	mux.Handle("POST /echo", s.measured(s.echo))
	mux.Handle("GET /burn", s.measured(s.burn))
	mux.Handle("GET /{$}", s.measured(s.chain))
	return s.identified(mux)
}

// identified says in every answer who gave it, and ends kept-alive connections while draining.
func (s *service) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Service", s.config.service)
		w.Header().Set("X-Version", version)
		if s.draining.Load() && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// measured applies the faults and counts the answer.
func (s *service) measured(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		defer func() { s.metrics.observe(r.Method, recorder.status, time.Since(begin)) }()
		f := s.faults.Load()
		if f.delay > 0 {
			time.Sleep(f.delay)
		}
		if f.ErrorRate > 0 && rand.Float64() < f.ErrorRate {
			fail(recorder, r, http.StatusInternalServerError, "injected by errorRate")
			return
		}
		next(recorder, r)
	})
}

func (s *service) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() || s.faults.Load().Unready {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (s *service) showVersion(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"service": s.config.service, "version": version})
}

// echo answers with the body that it was sent.
func (s *service) echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.config.maxBodySize))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	_, _ = w.Write(body)
}

// burn keeps one CPU busy for ?ms= milliseconds (at most 10 s), for autoscaling by CPU.
func (s *service) burn(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || ms < 0 || ms > 10_000 {
		http.Error(w, "ms: want a whole number from 0 to 10000", http.StatusBadRequest)
		return
	}
	rounds := 0
	for end := time.Now().Add(time.Duration(ms) * time.Millisecond); time.Now().Before(end); rounds++ {
		if r.Context().Err() != nil {
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]int{"milliseconds": ms, "rounds": rounds})
}

func (s *service) showFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.faults.Load())
}

// setFaults replaces all knobs at once: {"latency": "100ms", "errorRate": 0.1, "unready": false}.
func (s *service) setFaults(w http.ResponseWriter, r *http.Request) {
	f := &faults{Latency: "0s"}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(f)
	if err == nil {
		f.delay, err = time.ParseDuration(f.Latency)
	}
	if err == nil && (f.delay < 0 || f.ErrorRate < 0 || f.ErrorRate > 1) {
		err = errors.New("latency must not be negative, errorRate must be from 0 to 1")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.faults.Store(f)
	slog.Info("faults set", "latency", f.Latency, "errorRate", f.ErrorRate, "unready", f.Unready)
	writeJSON(w, http.StatusOK, f)
}

// readConfig returns the files of the directory by name; those of a mounted ConfigMap are its keys.
func readConfig(dir string) map[string]string {
	if dir == "" {
		return nil
	}
	root := os.DirFS(dir)
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for _, entry := range entries {
		if content, err := fs.ReadFile(root, entry.Name()); err == nil {
			found[entry.Name()] = string(content)
		}
	}
	return found
}

func fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	if isGRPC(r) {
		writeGRPCStatus(w, grpcUnavailable, message)
		return
	}
	writeJSON(w, status, map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// statusRecorder remembers the status code for the metrics.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the code and passes it on.
func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
