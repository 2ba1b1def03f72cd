package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// config is what the environment says; every field has a default, so that the image runs without any.
type config struct {
	service     string        // SERVICE: the name in answers
	pod         string        // HOSTNAME
	addr        string        // ADDR: where to listen
	upstream    string        // UPSTREAM_URL: called by "/" before it answers; empty ends the chain here
	timeout     time.Duration // UPSTREAM_TIMEOUT
	faults      faults        // FAULTS: what goes wrong from the start, as POST /admin/faults takes it
	configDir   string        // CONFIG_DIR: its files are shown by "/"
	bindings    string        // SERVICE_BINDING_ROOT: where the queue and the table are described
	maxBodySize int64         // of an echo, bytes
	drain       time.Duration // SHUTDOWN_DRAIN: how long to go on serving after SIGTERM
	shutdown    time.Duration // SHUTDOWN_TIMEOUT: how long to wait for requests in flight after that
}

// parseConfig reads the environment; a value that cannot be used is an error that names the variable.
func parseConfig(getenv func(string) string) (config, error) {
	hostname, _ := os.Hostname()
	env := environment{getenv: getenv}
	c := config{
		service:     env.text("SERVICE", "demo"),
		pod:         env.text("HOSTNAME", hostname),
		addr:        env.text("ADDR", ":8080"),
		upstream:    env.text("UPSTREAM_URL", ""),
		timeout:     env.duration("UPSTREAM_TIMEOUT", 1500*time.Millisecond),
		faults:      env.faults("FAULTS"),
		configDir:   env.text("CONFIG_DIR", ""),
		bindings:    env.text("SERVICE_BINDING_ROOT", ""),
		maxBodySize: 1 << 20,
		drain:       env.duration("SHUTDOWN_DRAIN", 4*time.Second),
		shutdown:    env.duration("SHUTDOWN_TIMEOUT", 10*time.Second),
	}
	if u, err := url.Parse(c.upstream); c.upstream != "" && (err != nil || u.Host == "") {
		env.fail("UPSTREAM_URL", c.upstream, "an absolute URL such as http://stock:8080/")
	}
	return c, env.err
}

// environment reads typed variables and keeps the first error.
type environment struct {
	getenv func(string) string
	err    error
}

func (e *environment) fail(name, value, want string) {
	if e.err == nil {
		e.err = fmt.Errorf("%s=%q: want %s", name, value, want)
	}
}

func (e *environment) text(name, otherwise string) string {
	if value := e.getenv(name); value != "" {
		return value
	}
	return otherwise
}

func (e *environment) duration(name string, otherwise time.Duration) time.Duration {
	value := e.getenv(name)
	if value == "" {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		e.fail(name, value, "a duration such as 250ms")
	}
	return d
}

func (e *environment) faults(name string) faults {
	value := e.getenv(name)
	if value == "" {
		return faults{}
	}
	f, err := parseFaults(strings.NewReader(value))
	if err != nil {
		e.fail(name, value, "JSON such as {\"errorRate\": 0.02}: "+err.Error())
	}
	return f
}
