package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// backing is what the service is bound to; what it is not bound to is nil.
type backing struct {
	table *table
	queue *queue
}

// bind makes clients for the bindings below root, which is laid out as https://servicebinding.io says: a folder for each
// binding, a file for each entry. Nothing else tells where queue and table are; credentials are what the SDK finds.
func bind(root string) (backing, error) {
	folders, err := filepath.Glob(filepath.Join(root, "*", "type"))
	if err != nil {
		return backing{}, err
	}
	var b backing
	for _, file := range folders {
		entries := readFiles(filepath.Dir(file))
		switch entries["type"] {
		case "dynamodb":
			b.table, err = newTable(entries)
		case "sqs":
			b.queue, err = newQueue(entries)
		}
		if err != nil {
			return backing{}, fmt.Errorf("binding %s: %w", filepath.Base(filepath.Dir(file)), err)
		}
	}
	return b, nil
}

func newTable(entries map[string]string) (*table, error) {
	settings, err := awsConfig(entries, "table")
	if err != nil {
		return nil, err
	}
	return &table{client: dynamodb.NewFromConfig(settings), name: entries["table"]}, nil
}

func newQueue(entries map[string]string) (*queue, error) {
	settings, err := awsConfig(entries, "queue-url")
	if err != nil {
		return nil, err
	}
	return &queue{client: sqs.NewFromConfig(settings), url: entries["queue-url"]}, nil
}

// awsConfig is the SDK's own, in the region and at the endpoint of the binding, and without its retries: what fails
// here is seen. The named entry has to be there.
func awsConfig(entries map[string]string, wanted string) (aws.Config, error) {
	for _, key := range []string{wanted, "region"} {
		if entries[key] == "" {
			return aws.Config{}, fmt.Errorf("it has no %s", key)
		}
	}
	settings, err := awsconfig.LoadDefaultConfig(context.Background(),
		awsconfig.WithRegion(entries["region"]),
		awsconfig.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	)
	if endpoint := entries["endpoint-url"]; endpoint != "" {
		settings.BaseEndpoint = aws.String(endpoint)
	}
	return settings, err
}
