package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// loadOptions say what is sent. Open loop: the rate does not follow the answers, as real users do not wait either.
type loadOptions struct {
	url        *url.URL
	host       string
	protocol   string        // http | grpc
	rate       int           // requests per second
	duration   time.Duration // SIGINT and SIGTERM end it earlier
	timeout    time.Duration // an answer later than this is a failure
	freshEvery int           // each n-th request on a connection of its own; 0: none
	postEvery  int           // each n-th request a POST whose body must come back; 0: none
	progress   time.Duration // 0: no progress lines
}

// requester sends one request and tells how it went. Nothing is ever sent twice.
type requester interface {
	send(ctx context.Context, fresh, post bool, number int) outcome
}

// outcome of one request: failure is empty for a good answer, else a class such as "refused" or "http 503".
type outcome struct {
	failure string
	version string // of the service that answered, from its header X-Version
	took    time.Duration
}

func runLoad(args []string, stdout, stderr io.Writer) error {
	options, err := parseLoadFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	summary := load(stop, options, stderr)
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(summary); err != nil {
		return err
	}
	if summary.Sent != summary.Received+summary.Failed {
		return fmt.Errorf("sent %d != received %d + failed %d", summary.Sent, summary.Received, summary.Failed)
	}
	if summary.Failed > 0 {
		return fmt.Errorf("%d of %d requests failed: %v", summary.Failed, summary.Sent, summary.Failures)
	}
	return nil
}

func parseLoadFlags(args []string, stderr io.Writer) (loadOptions, error) {
	var o loadOptions
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("url", "http://127.0.0.1:8080/", "where to send; POSTs go to /echo beside it")
	flags.StringVar(&o.host, "host", "", "Host header, if not the URL's")
	flags.StringVar(&o.protocol, "protocol", "http", "http (HTTP/1.1) or grpc (HTTP/2 without TLS)")
	flags.IntVar(&o.rate, "rate", 100, "requests per second")
	flags.DurationVar(&o.duration, "duration", 30*time.Second, "how long to send")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Second, "an answer later than this is a failure")
	flags.IntVar(&o.freshEvery, "fresh-every", 4, "each n-th request on a connection of its own (0: none)")
	flags.IntVar(&o.postEvery, "post-every", 3, "each n-th request a POST whose body must come back (0: none)")
	flags.DurationVar(&o.progress, "progress", 5*time.Second, "time between progress lines on stderr (0: none)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	o.url, err = url.Parse(*address)
	switch {
	case err != nil:
		return o, err
	case o.url.Scheme != "http" || o.url.Host == "":
		return o, fmt.Errorf("-url %q: want http://host[:port]/path", *address)
	case o.rate < 1 || o.rate > 20_000:
		return o, fmt.Errorf("-rate %d: want 1 to 20000", o.rate)
	case o.duration <= 0 || o.duration > time.Hour || o.timeout <= 0:
		return o, errors.New("-duration wants up to 1h, -timeout more than 0")
	case o.protocol != "http" && o.protocol != "grpc":
		return o, fmt.Errorf("-protocol %q: want http or grpc", o.protocol)
	}
	if o.url.Path == "" {
		o.url.Path = "/"
	}
	if o.host == "" {
		o.host = o.url.Host
	}
	return o, nil
}

// load sends until the duration is over or stop is done, waits for what is outstanding, and sums up.
func load(stop context.Context, o loadOptions, progress io.Writer) summary {
	var client requester = newHTTPRequester(o)
	if o.protocol == "grpc" {
		client = newGRPCRequester(o)
	}
	tally, heart := newTally(), newHeart()
	defer heart.close()
	done := make(chan struct{})
	var reporter sync.WaitGroup
	reporter.Go(func() { tally.reportEvery(o.progress, done, progress) })

	var outstanding sync.WaitGroup
	begin := time.Now()
	interval := time.Second / time.Duration(o.rate)
	for number := 0; stop.Err() == nil; number++ {
		due := begin.Add(time.Duration(number) * interval)
		if due.Sub(begin) >= o.duration || !sleepUntil(stop, due) {
			break
		}
		tally.sent(time.Since(due))
		outstanding.Go(func() {
			tally.done(sendOne(client, o, number))
		})
	}
	sending := time.Since(begin)
	outstanding.Wait()
	close(done)
	reporter.Wait()
	tally.excuse(heart.standstills(time.Now()), o.timeout)
	return tally.summary(sending)
}

func sendOne(client requester, o loadOptions, number int) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	begin := time.Now()
	result := client.send(ctx, isNth(number, o.freshEvery), isNth(number, o.postEvery), number)
	result.took = time.Since(begin)
	if result.failure == "" && result.took > o.timeout {
		result.failure = timedOut
	}
	return result
}

func isNth(number, every int) bool {
	return every > 0 && number%every == every-1
}

// sleepUntil returns false if stop was done first.
func sleepUntil(stop context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-stop.Done():
		return false
	case <-timer.C:
		return true
	}
}
