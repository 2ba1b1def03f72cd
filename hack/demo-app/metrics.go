package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// metrics in the text format of Prometheus: http_requests_total and http_request_duration_seconds.
type metrics struct {
	service, version string

	mu       sync.Mutex
	requests map[requestKind]uint64
	buckets  [len(latencyBuckets) + 1]uint64 // the last one is +Inf; not cumulative
	sum      time.Duration
}

type requestKind struct {
	method string
	code   int
}

// latencyBuckets are upper bounds.
var latencyBuckets = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
}

func newMetrics(service, version string) *metrics {
	return &metrics{service: service, version: version, requests: map[requestKind]uint64{}}
}

func (m *metrics) observe(method string, code int, took time.Duration) {
	bucket, _ := slices.BinarySearch(latencyBuckets[:], took)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[requestKind{method, code}]++
	m.buckets[bucket]++
	m.sum += took
}

func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.write(w)
}

func (m *metrics) write(w io.Writer) {
	m.mu.Lock()
	requests, buckets, sum := maps.Clone(m.requests), m.buckets, m.sum
	m.mu.Unlock()
	fmt.Fprintf(w, "# HELP demo_info Which service and version this is.\n# TYPE demo_info gauge\n")
	fmt.Fprintf(w, "demo_info{service=%q,version=%q} 1\n", m.service, m.version)
	fmt.Fprintf(w, "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter\n")
	kinds := slices.SortedFunc(maps.Keys(requests), func(a, b requestKind) int {
		return cmp.Or(cmp.Compare(a.code, b.code), strings.Compare(a.method, b.method))
	})
	for _, kind := range kinds {
		fmt.Fprintf(w, "http_requests_total{code=\"%d\",method=%q} %d\n", kind.code, kind.method, requests[kind])
	}
	const name = "http_request_duration_seconds"
	fmt.Fprintf(w, "# HELP %s Time from the request's header to the end of the answer.\n# TYPE %s histogram\n", name, name)
	var count uint64
	for i, bound := range latencyBuckets {
		count += buckets[i]
		le := strconv.FormatFloat(bound.Seconds(), 'g', -1, 64)
		fmt.Fprintf(w, "%s_bucket{le=%q} %d\n", name, le, count)
	}
	count += buckets[len(latencyBuckets)]
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %g\n%s_count %d\n", name, count, name, sum.Seconds(), name, count)
}
