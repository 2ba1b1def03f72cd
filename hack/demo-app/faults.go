package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// faults are what goes wrong on purpose. Shares are from 0 to 1; the zero value, with a LatencyShare, is a healthy service.
type faults struct {
	Latency      duration `json:"latency"`
	LatencyShare float64  `json:"latencyShare"` // of answers that are late
	ErrorRate    float64  `json:"errorRate"`    // of answers that are 500
	Hang         bool     `json:"hang"`         // requests are taken in and never answered
	FailureRate  float64  `json:"failureRate"`  // of attempts at a checkout that go wrong while the answer is 200
	Lag          duration `json:"lag"`          // what the gauge shows
	Unready      bool     `json:"unready"`
	Duration     duration `json:"duration"` // after which all of it ends by itself; 0: never
}

// duration is a Go duration in JSON, such as "250ms".
type duration time.Duration

// UnmarshalText takes what time.ParseDuration takes, but nothing negative.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err == nil && parsed < 0 {
		err = errors.New("a duration must not be negative")
	}
	*d = duration(parsed)
	return err
}

// MarshalText writes it as Go does.
func (d duration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

// parseFaults reads all knobs; one that is not given is off.
func parseFaults(from io.Reader) (faults, error) {
	f := faults{LatencyShare: 1}
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&f)
	for _, share := range []float64{f.LatencyShare, f.ErrorRate, f.FailureRate} {
		if err == nil && !(share >= 0 && share <= 1) {
			err = errors.New("latencyShare, errorRate and failureRate must be from 0 to 1")
		}
	}
	return f, err
}

// faultSwitch holds the faults of now; the zero value is a healthy service.
type faultSwitch struct {
	set atomic.Pointer[timedFaults]
}

type timedFaults struct {
	faults
	since time.Time
}

// turn replaces all faults at once; their Duration begins now.
func (s *faultSwitch) turn(f faults) {
	s.set.Store(&timedFaults{faults: f, since: time.Now()})
}

// now returns the faults in force.
func (s *faultSwitch) now() faults {
	set := s.set.Load()
	if set == nil || set.Duration > 0 && time.Since(set.since) >= time.Duration(set.Duration) {
		return faults{}
	}
	return set.faults
}

// injected wraps an endpoint with the faults.
func (s *service) injected(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := s.faults.now()
		if f.Hang {
			<-r.Context().Done() // until the client gives up
			panic(http.ErrAbortHandler)
		}
		if happens(f.LatencyShare) {
			time.Sleep(time.Duration(f.Latency))
		}
		if happens(f.ErrorRate) {
			fail(w, r, http.StatusInternalServerError, "injected by errorRate")
			return
		}
		next(w, r)
	}
}

func happens(share float64) bool {
	return share > 0 && rand.Float64() < share
}

func (s *service) showFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.faults.now())
}

func (s *service) setFaults(w http.ResponseWriter, r *http.Request) {
	f, err := parseFaults(http.MaxBytesReader(w, r.Body, 4096))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.faults.turn(f)
	slog.Info("faults set", "faults", f)
	writeJSON(w, http.StatusOK, f)
}
