package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// start runs a service of this environment and returns its URL, a function that ends it as SIGTERM does, and a channel
// that tells how it ended.
func start(t *testing.T, env map[string]string) (string, context.CancelFunc, <-chan error) {
	t.Helper()
	c, err := parseConfig(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	s, err := newService(c)
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- s.run(stop, listener) }()
	t.Cleanup(cancel)
	return "http://" + listener.Addr().String(), cancel, ended
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestChainNamesEveryService(t *testing.T) {
	stock, _, _ := start(t, map[string]string{"SERVICE": "stock"})
	orders, _, _ := start(t, map[string]string{"SERVICE": "orders", "UPSTREAM_URL": stock + "/"})
	status, body := get(t, orders+"/")
	var answer, upstream link
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Upstream, &upstream); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK || answer.Service != "orders" || upstream.Service != "stock" {
		t.Fatalf("%d %s", status, body)
	}
}

func TestFailingUpstreamIsABadGateway(t *testing.T) {
	orders, _, _ := start(t, map[string]string{"UPSTREAM_URL": "http://127.0.0.1:1/"})
	if status, body := get(t, orders+"/"); status != http.StatusBadGateway || !strings.Contains(body, "refused") {
		t.Fatalf("%d %s", status, body)
	}
}

func TestWrongSettingsAreRefusedByName(t *testing.T) {
	for name, value := range map[string]string{
		"FAULTS": "fast", "UPSTREAM_URL": "stock", "SHUTDOWN_DRAIN": "-1s",
	} {
		_, err := parseConfig(func(asked string) string { return map[string]string{name: value}[asked] })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

// patience is longer than a busy machine stands still: who does not test timeouts has none.
const patience = 30 * time.Second

func loadFor(t *testing.T, address string, duration time.Duration, change func(*loadOptions)) summary {
	t.Helper()
	target, err := url.Parse(address + "/")
	if err != nil {
		t.Fatal(err)
	}
	o := loadOptions{
		url: target, host: target.Host, protocol: "http", rate: 200, duration: duration, timeout: patience,
		freshEvery: 4, postEvery: 3,
	}
	if change != nil {
		change(&o)
	}
	return load(context.Background(), o, io.Discard)
}

func TestLoadOfAHealthyServiceHasNoFailure(t *testing.T) {
	address, _, _ := start(t, nil)
	for _, protocol := range []string{"http", "grpc"} {
		s := loadFor(t, address, 500*time.Millisecond, func(o *loadOptions) { o.protocol = protocol })
		if s.Sent < 90 || s.Received != s.Sent || s.Versions[version] != s.Sent {
			t.Errorf("%s: %+v", protocol, s)
		}
	}
}

func TestLoadCountsEveryKindOfFailure(t *testing.T) {
	broken := func(answer func(net.Conn)) string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go answer(conn)
			}
		}()
		return "http://" + listener.Addr().String()
	}
	readThen := func(then func(*net.TCPConn)) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			then(conn.(*net.TCPConn))
		}
	}
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusServiceUnavailable)
	}))
	t.Cleanup(failing.Close)
	forgetful := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(forgetful.Close)
	cases := map[string]string{
		"refused":    "http://127.0.0.1:1",
		"closed":     broken(readThen(func(c *net.TCPConn) { _ = c.Close() })),
		"reset":      broken(readThen(func(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() })),
		"timeout":    broken(readThen(func(*net.TCPConn) {})),
		"http 503":   failing.URL,
		"wrong echo": forgetful.URL,
	}
	for class, address := range cases {
		s := loadFor(t, address, 50*time.Millisecond, func(o *loadOptions) {
			o.postEvery = 1
			if class == "timeout" {
				o.timeout = 300 * time.Millisecond
			}
		})
		seen := s.Failures[class]
		if class == timedOut {
			seen += s.Failures[stoodStill]
		}
		if s.Sent == 0 || seen != s.Sent || s.Failed != s.Sent {
			t.Errorf("%s: %+v", class, s)
		}
	}
}

// Two services behind one address, as a Service has it: one ends under load, and no request is lost.
func TestEndingUnderLoadLosesNoRequest(t *testing.T) {
	env := map[string]string{"SHUTDOWN_DRAIN": "3s"} // clients that stand still for as long cannot move away
	ending, terminate, ended := start(t, env)
	staying, _, _ := start(t, env)
	target := make(chan string, 1)
	target <- strings.TrimPrefix(ending, "http://")
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = front.Close() })
	go forward(front, target)

	finished := make(chan summary)
	go func() { finished <- loadFor(t, "http://"+front.Addr().String(), 4*time.Second, nil) }()
	time.AfterFunc(300*time.Millisecond, func() {
		<-target
		target <- strings.TrimPrefix(staying, "http://")
		terminate()
	})
	s := <-finished
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s.Failed != 0 || s.Sent < 750 {
		t.Fatalf("%+v", s)
	}
}

// forward joins each accepted connection with one to the address that target holds at that time.
func forward(front net.Listener, target chan string) {
	for {
		client, err := front.Accept()
		if err != nil {
			return
		}
		address := <-target
		target <- address
		server, err := net.Dial("tcp", address)
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() { _, _ = io.Copy(server, client); _ = server.(*net.TCPConn).CloseWrite() }()
		go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
	}
}
