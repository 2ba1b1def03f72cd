package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// metrics in the text format of Prometheus: the duration of requests by the semantic conventions of OpenTelemetry
// (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration), two counters and a
// gauge of the service's own.
type metrics struct {
	service, version string

	mu        sync.Mutex
	durations map[requestKind]*histogram
	attempts  uint64
	failures  uint64
}

type requestKind struct {
	method string
	code   int
}

// histogram has one bucket for each of latencyBounds and one for what is slower; they are not cumulative.
type histogram struct {
	buckets [len(latencyBounds) + 1]uint64
	sum     time.Duration
}

// latencyBounds are the upper bounds that the conventions advise.
var latencyBounds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 75 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond, time.Second,
	2500 * time.Millisecond, 5 * time.Second, 7500 * time.Millisecond, 10 * time.Second,
}

func newMetrics(service, version string) *metrics {
	return &metrics{service: service, version: version, durations: map[requestKind]*histogram{}}
}

// observe counts an answered request.
func (m *metrics) observe(method string, code int, took time.Duration) {
	bucket, _ := slices.BinarySearch(latencyBounds[:], took)
	m.mu.Lock()
	defer m.mu.Unlock()
	kind := requestKind{method, code}
	if m.durations[kind] == nil {
		m.durations[kind] = &histogram{}
	}
	m.durations[kind].buckets[bucket]++
	m.durations[kind].sum += took
}

// attempted counts an attempt at a checkout.
func (m *metrics) attempted(failed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attempts++
	if failed {
		m.failures++
	}
}

// write writes everything; lag is the value of the gauge.
func (m *metrics) write(w io.Writer, lag time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	head(w, "demo_info", "gauge", "Which service and version this is.")
	fmt.Fprintf(w, "demo_info{service=%q,version=%q} 1\n", m.service, m.version)
	head(w, "checkout_attempts_total", "counter", "Checkouts that were tried.")
	fmt.Fprintf(w, "checkout_attempts_total{method=\"card\"} %d\n", m.attempts)
	head(w, "checkout_failures_total", "counter", "Checkouts that went wrong, whatever was answered.")
	fmt.Fprintf(w, "checkout_failures_total{method=\"card\"} %d\n", m.failures)
	head(w, "orders_lag_seconds", "gauge", "How old the oldest order is that waits.")
	fmt.Fprintf(w, "orders_lag_seconds %g\n", lag.Seconds())
	m.writeDurations(w)
}

func (m *metrics) writeDurations(w io.Writer) {
	const name = "http_server_request_duration_seconds"
	head(w, name, "histogram", "Duration of HTTP server requests.")
	kinds := slices.SortedFunc(maps.Keys(m.durations), func(a, b requestKind) int {
		return cmp.Or(cmp.Compare(a.code, b.code), strings.Compare(a.method, b.method))
	})
	for _, kind := range kinds {
		labels := fmt.Sprintf("http_request_method=%q,http_response_status_code=\"%d\"", kind.method, kind.code)
		found, count := m.durations[kind], uint64(0)
		for i, bound := range latencyBounds {
			count += found.buckets[i]
			le := strconv.FormatFloat(bound.Seconds(), 'g', -1, 64)
			fmt.Fprintf(w, "%s_bucket{%s,le=%q} %d\n", name, labels, le, count)
		}
		count += found.buckets[len(latencyBounds)]
		fmt.Fprintf(w, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, labels, count)
		fmt.Fprintf(w, "%s_sum{%s} %g\n%s_count{%s} %d\n", name, labels, found.sum.Seconds(), name, labels, count)
	}
}

func head(w io.Writer, name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}
