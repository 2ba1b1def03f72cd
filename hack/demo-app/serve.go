package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// serve runs the service until SIGTERM or SIGINT, then ends it without losing a request.
func serve(getenv func(string) string) error {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	c, err := parseConfig(getenv)
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	s, err := newService(c)
	if err != nil {
		return err
	}
	return s.run(stop, listener)
}

// run serves on the listener until stop is done. After that, kept-alive clients still send on connections that they
// believe in: for the time of config.drain they are answered with "Connection: close" and so move elsewhere by
// themselves. Only then are idle connections closed, and requests in flight waited for.
func (s *service) run(stop context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		// Longer than Envoy's 1 h: who closes an idle connection first must be the one who would reuse it.
		IdleTimeout: 2 * time.Hour,
		Protocols:   new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	var worker sync.WaitGroup
	defer worker.Wait()
	if s.backing.queue != nil && s.backing.table != nil {
		worker.Go(func() { s.work(stop) })
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("serving", "service", s.config.service, "version", version, "addr", listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	slog.Info("draining", "for", s.config.drain.String())
	s.draining.Store(true)
	time.Sleep(s.config.drain)
	limit, cancel := context.WithTimeout(context.Background(), s.config.shutdown)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	slog.Info("ended")
	return nil
}
