package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// cloud is an endpoint that answers as SQS and DynamoDB do, with one queue and one table.
type cloud struct {
	mu       sync.Mutex
	orders   map[string]map[string]any
	messages []string
	refuse   string // the operation that is refused
}

type attributes = map[string]map[string]any

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		MessageBody, ReceiptHandle, QueueUrl, TableName string
		Item                                            map[string]any
		Key, ExpressionAttributeValues                  attributes
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if operation == c.refuse || in.QueueUrl+in.TableName == "" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "not for you"}`)
		return
	}
	id, _ := in.Key["id"]["S"].(string)
	answer := map[string]any{}
	switch operation {
	case "PutItem":
		c.orders[in.Item["id"].(map[string]any)["S"].(string)] = in.Item
	case "GetItem":
		if found := c.orders[id]; found != nil {
			answer["Item"] = found
		}
	case "UpdateItem":
		c.orders[id]["state"], c.orders[id]["doneBy"] = in.ExpressionAttributeValues[":done"], in.ExpressionAttributeValues[":pod"]
	case "SendMessage":
		c.messages = append(c.messages, in.MessageBody)
	case "ReceiveMessage":
		var found []map[string]string
		for _, each := range c.messages {
			found = append(found, map[string]string{"Body": each, "ReceiptHandle": each})
		}
		if answer["Messages"] = found; found == nil {
			time.Sleep(5 * time.Millisecond)
		}
	case "DeleteMessage":
		c.messages = slices.DeleteFunc(c.messages, func(each string) bool { return each == in.ReceiptHandle })
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (c *cloud) refuses(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = operation
}

func (c *cloud) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.messages)
}

// bound runs a service that has a queue and a table of a cloud, and returns its URL.
func bound(t *testing.T) (*cloud, string) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	c := &cloud{orders: map[string]map[string]any{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	root := t.TempDir()
	project(t, root, "orders-in", map[string]string{
		"type": "sqs", "region": "eu-central-1", "endpoint-url": server.URL, "queue-url": server.URL + "/1/orders",
	})
	project(t, root, "orders-table", map[string]string{
		"type": "dynamodb", "region": "eu-central-1", "endpoint-url": server.URL, "table": "orders",
	})
	address, _, _ := start(t, map[string]string{"SERVICE_BINDING_ROOT": root, "HOSTNAME": "pod-1"})
	return c, address
}

// project writes a binding as kubelet does: the entries are links into a folder that is replaced at once.
func project(t *testing.T, root, name string, entries map[string]string) {
	t.Helper()
	data := filepath.Join(root, name, "..data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for key, value := range entries {
		if err := os.WriteFile(filepath.Join(data, key), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", key), filepath.Join(root, name, key)); err != nil {
			t.Fatal(err)
		}
	}
}

func place(t *testing.T, address string) (int, order) {
	t.Helper()
	response, err := http.Post(address+"/orders", "application/json", strings.NewReader(`{"item": "lamp"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var o order
	if err := json.NewDecoder(response.Body).Decode(&o); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, o
}

// until fails the test unless it becomes true soon.
func until(t *testing.T, what string, look func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !look(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

func TestAnOrderIsPlacedAndDone(t *testing.T) {
	c, address := bound(t)
	status, o := place(t, address)
	if status != http.StatusCreated || o.State != placed || o.Item != "lamp" || o.PlacedBy != "pod-1" {
		t.Fatalf("%d %+v", status, o)
	}
	until(t, "the order is done", func() bool {
		status, body := get(t, address+"/orders/"+o.ID)
		var found order
		_ = json.Unmarshal([]byte(body), &found)
		return status == http.StatusOK && found == order{o.ID, "lamp", done, "pod-1", "pod-1"}
	})
	until(t, "its message is gone", func() bool { return c.waiting() == 0 })
	if status, _ := get(t, address+"/orders/unknown"); status != http.StatusNotFound {
		t.Errorf("an unknown order: %d", status)
	}
}

func TestWhatAWSRefusesIsABadGateway(t *testing.T) {
	for _, operation := range []string{"PutItem", "SendMessage"} {
		c, address := bound(t)
		c.refuses(operation)
		if status, _ := place(t, address); status != http.StatusBadGateway {
			t.Errorf("%s: %d", operation, status)
		}
	}
}

func TestAnOrderThatFailsStaysInTheQueue(t *testing.T) {
	c, address := bound(t)
	c.refuses("UpdateItem")
	_, o := place(t, address)
	if c.waiting() != 1 {
		t.Fatal("its message is gone")
	}
	c.refuses("")
	until(t, "the order is done after all", func() bool {
		_, body := get(t, address+"/orders/"+o.ID)
		return strings.Contains(body, fmt.Sprintf("%q", done))
	})
}

func TestOrdersNeedTheirBindings(t *testing.T) {
	address, _, _ := start(t, nil)
	for _, path := range []string{"/orders/1", "/"} {
		status, _ := get(t, address+path)
		if wanted := map[string]int{"/orders/1": http.StatusServiceUnavailable, "/": http.StatusOK}[path]; status != wanted {
			t.Errorf("%s: %d", path, status)
		}
	}
	root := t.TempDir()
	project(t, root, "orders-in", map[string]string{"type": "sqs", "region": "eu-central-1"})
	if _, err := newService(config{bindings: root}); err == nil || !strings.Contains(err.Error(), "queue-url") {
		t.Errorf("a binding without URL: %v", err)
	}
}
