package main

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// service answers requests; its faults can be changed while it runs.
type service struct {
	config   config
	backing  backing
	upstream *http.Client
	metrics  *metrics
	faults   faultSwitch
	draining atomic.Bool
}

// newService returns an error if a binding lacks what it needs.
func newService(c config) (*service, error) {
	bound, err := bind(c.bindings)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	// Shorter than config.drain of whoever is called: see (*service).run.
	transport.IdleConnTimeout = 2 * time.Second
	s := &service{
		config:   c,
		backing:  bound,
		upstream: &http.Client{Transport: transport, Timeout: c.timeout},
		metrics:  newMetrics(c.service, version),
	}
	s.faults.turn(c.faults)
	return s, nil
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("/readyz", s.ready)
	mux.HandleFunc("GET /metrics", s.showMetrics)
	mux.HandleFunc("GET /admin/faults", s.showFaults)
	mux.HandleFunc("POST /admin/faults", s.setFaults)
	mux.HandleFunc("POST /admin/crash", func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	mux.HandleFunc("POST "+grpcHealthPath, s.grpcHealth)
	mux.Handle("POST "+grpcEchoPath, s.measured(s.grpcEcho))
	mux.Handle("GET /version", s.measured(s.showVersion))
	mux.Handle("POST /echo", s.measured(s.echo))
	mux.Handle("POST /orders", s.measured(s.bound(s.placeOrder)))
	mux.Handle("GET /orders/{id}", s.measured(s.bound(s.showOrder)))
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

// measured applies the faults and counts the answer, if there is one.
func (s *service) measured(next http.HandlerFunc) http.Handler {
	next = s.injected(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next(recorder, r)
		s.metrics.observe(r.Method, recorder.status, time.Since(begin))
	})
}

func (s *service) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() || s.faults.now().Unready {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (s *service) showVersion(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"service": s.config.service, "version": version})
}

func (s *service) showMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s.metrics.write(w, time.Duration(s.faults.now().Lag))
}

// echo answers with the body that it was sent. It counts as an attempt at a checkout, which can go wrong while the
// answer is 200 all the same.
func (s *service) echo(w http.ResponseWriter, r *http.Request) {
	s.metrics.attempted(happens(s.faults.now().FailureRate))
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

// readFiles returns the files of the directory by name; those of a mounted ConfigMap or Secret are its keys.
func readFiles(dir string) map[string]string {
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
