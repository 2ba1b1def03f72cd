package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// queue carries the ids of orders through SQS.
type queue struct {
	client *sqs.Client
	url    string
}

// message is one that was received and is hidden from others for a time.
type message struct {
	body    string
	receipt *string
}

func (q *queue) send(ctx context.Context, body string) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body})
	return err
}

// receive waits up to ten seconds for messages.
func (q *queue) receive(ctx context.Context) ([]message, error) {
	received, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 10,
	})
	if err != nil {
		return nil, err
	}
	var messages []message
	for _, each := range received.Messages {
		messages = append(messages, message{body: aws.ToString(each.Body), receipt: each.ReceiptHandle})
	}
	return messages, nil
}

func (q *queue) remove(ctx context.Context, each message) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: each.receipt})
	return err
}
