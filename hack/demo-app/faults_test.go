package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func setFaults(t *testing.T, address, faults string) int {
	t.Helper()
	response, err := http.Post(address+"/admin/faults", "application/json", strings.NewReader(faults))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func wantMetrics(t *testing.T, address string, lines ...string) {
	t.Helper()
	_, metrics := get(t, address+"/metrics")
	for _, line := range lines {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %q in:\n%s", line, metrics)
		}
	}
}

func TestFaultsAreInjectedAndCounted(t *testing.T) {
	address, _, _ := start(t, nil)
	setFaults(t, address, `{"latency": "30ms", "errorRate": 1, "unready": true, "lag": "45s"}`)
	begin := time.Now()
	if status, _ := get(t, address+"/"); status != http.StatusInternalServerError || time.Since(begin) < 30*time.Millisecond {
		t.Fatalf("%d after %s", status, time.Since(begin))
	}
	if status, _ := get(t, address+"/readyz"); status != http.StatusServiceUnavailable {
		t.Fatalf("ready: %d", status)
	}
	const series = `http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="500"`
	wantMetrics(t, address, series+`,le="0.025"} 0`, series+`,le="+Inf"} 1`, "orders_lag_seconds 45")
}

func TestSharesOfAnswersAreLateOrFail(t *testing.T) {
	env := map[string]string{"FAULTS": `{"latency": "3s", "latencyShare": 0.3, "errorRate": 0.2, "failureRate": 0.5}`}
	address, _, _ := start(t, env)
	s := loadFor(t, address, time.Second, func(o *loadOptions) { o.postEvery = 1 })
	failed, late := float64(s.Failed)/float64(s.Sent), s.LatencyMS
	if failed < 0.05 || failed > 0.4 || late.P50 > 2900 || late.P90 < 2900 {
		t.Errorf("%.2f failed, %+v", failed, s)
	}
	_, metrics := get(t, address+"/metrics")
	if strings.Contains(metrics, "checkout_failures_total{method=\"card\"} 0\n") {
		t.Errorf("no checkout went wrong:\n%s", metrics)
	}
}

func TestFaultsFromTheStartEndByThemselves(t *testing.T) {
	address, _, _ := start(t, map[string]string{"FAULTS": `{"errorRate": 1, "duration": "2s"}`})
	if status, _ := get(t, address+"/"); status != http.StatusInternalServerError {
		t.Fatal(status)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		status, _ := get(t, address+"/")
		if status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %d", status)
		}
	}
}

func TestAHangingServiceTakesRequestsInButAnswersNone(t *testing.T) {
	address, _, _ := start(t, map[string]string{"FAULTS": `{"hang": true}`})
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, address+"/", nil)
	if _, err := http.DefaultClient.Do(request); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if status, _ := get(t, address+"/readyz"); status != http.StatusOK {
		t.Fatalf("ready: %d", status)
	}
	if _, metrics := get(t, address+"/metrics"); strings.Contains(metrics, "http_server_request_duration_seconds_count") {
		t.Errorf("what was not answered is counted:\n%s", metrics)
	}
}

func TestWrongFaultsAreRefused(t *testing.T) {
	address, _, _ := start(t, nil)
	for _, wrong := range []string{`{"errorRate": 1.5}`, `{"latency": "-1s"}`, `{"speed": 1}`, ``} {
		if status := setFaults(t, address, wrong); status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}

func TestCheckoutsAreCounted(t *testing.T) {
	address, _, _ := start(t, nil)
	wantMetrics(t, address, `checkout_attempts_total{method="card"} 0`)
	setFaults(t, address, `{"failureRate": 1}`)
	response, err := http.Post(address+"/echo", "text/plain", strings.NewReader("one"))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	_ = response.Body.Close()
	wantMetrics(t, address, `checkout_attempts_total{method="card"} 1`, `checkout_failures_total{method="card"} 1`)
}
