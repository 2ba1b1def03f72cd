package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	timedOut   = "timeout"
	stoodStill = "standstill" // timed out, and a processor stood still meanwhile
)

// tally counts outcomes while requests are under way.
type tally struct {
	mu       sync.Mutex
	begin    time.Time
	started  int
	received int
	failures map[string]int
	versions map[string]int
	latency  []time.Duration // of good answers
	lag      time.Duration   // the latest that a request was sent after its due time
	late     []span          // of requests that timed out
	stills   []span          // in which a processor stood still
}

// summary is what `load` prints as JSON; sent = received + failed.
type summary struct {
	Sent      int            `json:"sent"`
	Received  int            `json:"received"`
	Failed    int            `json:"failed"`
	Failures  map[string]int `json:"failures"`
	Versions  map[string]int `json:"versions"`
	Seconds   float64        `json:"seconds"`
	Rate      float64        `json:"requests_per_second"`
	LatencyMS latencySummary `json:"latency_ms"`
	LagMS     float64        `json:"max_send_lag_ms"`
	Stills    int            `json:"standstills"`
	StillMS   float64        `json:"max_standstill_ms"`
}

// latencySummary is in milliseconds, of good answers only.
type latencySummary struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func newTally() *tally {
	return &tally{begin: time.Now(), failures: map[string]int{}, versions: map[string]int{}}
}

func (t *tally) sent(lag time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.started++
	t.lag = max(t.lag, lag)
}

func (t *tally) done(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.failure == timedOut {
		now := time.Now()
		t.late = append(t.late, span{now.Add(-o.took), now})
	}
	if o.failure != "" {
		t.failures[o.failure]++
		return
	}
	t.received++
	t.latency = append(t.latency, o.took)
	if o.version != "" {
		t.versions[o.version]++
	}
}

// excuse tells requests that timed out because a processor stood still from those that the service was late with: in a
// standstill, or so soon after one that what had piled up was still being worked off. Both are failures.
func (t *tally) excuse(stills []span, timeout time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stills = stills
	for _, late := range t.late {
		if slices.ContainsFunc(stills, func(still span) bool {
			return still.begin.Before(late.end) && late.begin.Before(still.end.Add(timeout))
		}) {
			t.failures[timedOut]--
			t.failures[stoodStill]++
		}
	}
	maps.DeleteFunc(t.failures, func(_ string, number int) bool { return number == 0 })
}

func (t *tally) longestStandstill() time.Duration {
	var longest time.Duration
	for _, still := range t.stills {
		longest = max(longest, still.length())
	}
	return longest
}

func (t *tally) failed() int {
	count := 0
	for _, n := range t.failures {
		count += n
	}
	return count
}

// reportEvery prints one line per period until done is closed.
func (t *tally) reportEvery(period time.Duration, done <-chan struct{}, out io.Writer) {
	if period <= 0 {
		return
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			fmt.Fprintln(out, t.line())
		}
	}
}

func (t *tally) line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var versions strings.Builder
	for _, v := range slices.Sorted(maps.Keys(t.versions)) {
		fmt.Fprintf(&versions, "  %s: %d", v, t.versions[v])
	}
	return fmt.Sprintf("%3.0fs  sent %d  received %d  failed %d%s",
		time.Since(t.begin).Seconds(), t.started, t.received, t.failed(), versions.String())
}

func (t *tally) summary(sending time.Duration) summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.latency)
	return summary{
		Sent: t.started, Received: t.received, Failed: t.failed(), Failures: t.failures, Versions: t.versions,
		Seconds: round(sending.Seconds()), Rate: round(float64(t.started) / sending.Seconds()),
		LatencyMS: latencySummary{
			P50: t.percentile(0.50), P90: t.percentile(0.90), P99: t.percentile(0.99), Max: t.percentile(1),
		},
		LagMS: milliseconds(t.lag), Stills: len(t.stills), StillMS: milliseconds(t.longestStandstill()),
	}
}

// percentile of the sorted latencies, in milliseconds; 0 without any.
func (t *tally) percentile(share float64) float64 {
	if len(t.latency) == 0 {
		return 0
	}
	return milliseconds(t.latency[int(share*float64(len(t.latency)-1))])
}

func milliseconds(d time.Duration) float64 {
	return round(float64(d) / float64(time.Millisecond))
}

func round(value float64) float64 {
	return float64(int64(value*100+0.5)) / 100
}
