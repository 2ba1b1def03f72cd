package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// order is an item of the table. It is placed by a request and done by whoever receives its message.
type order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	State    string `json:"state"`
	PlacedBy string `json:"placedBy"`
	DoneBy   string `json:"doneBy,omitempty"`
}

const (
	placed = "placed"
	done   = "done"
)

var errNoOrder = errors.New("no such order")

// placeOrder puts an order into the table and a message about it into the queue.
func (s *service) placeOrder(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Item string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, s.config.maxBodySize)).Decode(&asked); err != nil {
		fail(w, r, http.StatusBadRequest, `want JSON such as {"item": "lamp"}: `+err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.config.timeout)
	defer cancel()
	o := order{ID: rand.Text(), Item: asked.Item, State: placed, PlacedBy: s.config.pod}
	err := s.backing.table.put(ctx, o)
	if err == nil {
		err = s.backing.queue.send(ctx, o.ID)
	}
	if err != nil {
		slog.Warn("order failed", "error", err.Error())
		fail(w, r, http.StatusBadGateway, err.Error())
		return
	}
	writeJSON(w, http.StatusCreated, o)
}

// showOrder answers with an order as the table has it.
func (s *service) showOrder(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.config.timeout)
	defer cancel()
	o, err := s.backing.table.get(ctx, r.PathValue("id"))
	switch {
	case errors.Is(err, errNoOrder):
		fail(w, r, http.StatusNotFound, err.Error())
	case err != nil:
		fail(w, r, http.StatusBadGateway, err.Error())
	default:
		writeJSON(w, http.StatusOK, o)
	}
}

// bound lets a request through once both services are bound.
func (s *service) bound(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.backing.table == nil || s.backing.queue == nil {
			fail(w, r, http.StatusServiceUnavailable, "orders need a binding of type dynamodb and one of type sqs")
			return
		}
		next(w, r)
	}
}

// work marks orders as done, as their messages come, until stop is done. An order that fails stays in the queue, which
// offers it again; a queue that fails is asked again a second later.
func (s *service) work(stop context.Context) {
	for stop.Err() == nil {
		messages, err := s.backing.queue.receive(stop)
		if err != nil {
			if stop.Err() == nil {
				slog.Warn("receiving failed", "error", err.Error())
				wait(stop, time.Second)
			}
			continue
		}
		for _, each := range messages {
			if err := s.finish(each); err != nil {
				slog.Warn("order failed", "order", each.body, "error", err.Error())
			}
		}
	}
}

// finish marks an order as done and only then takes its message out of the queue. It goes on when the service ends.
func (s *service) finish(each message) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.timeout)
	defer cancel()
	if err := s.backing.table.finish(ctx, each.body, s.config.pod); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return s.backing.queue.remove(ctx, each)
}

func wait(stop context.Context, duration time.Duration) {
	select {
	case <-stop.Done():
	case <-time.After(duration):
	}
}
