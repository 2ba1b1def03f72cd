package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// table keeps orders in DynamoDB, under the partition key "id".
type table struct {
	client *dynamodb.Client
	name   string
}

func (t *table) put(ctx context.Context, o order) error {
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name,
		Item: map[string]types.AttributeValue{
			"id": text(o.ID), "item": text(o.Item), "state": text(o.State), "placedBy": text(o.PlacedBy),
		},
	})
	return err
}

// get returns errNoOrder if the table has none of that id.
func (t *table) get(ctx context.Context, id string) (order, error) {
	found, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: key(id), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return order{}, err
	}
	if found.Item == nil {
		return order{}, errNoOrder
	}
	field := func(name string) string {
		value, _ := found.Item[name].(*types.AttributeValueMemberS)
		if value == nil {
			return ""
		}
		return value.Value
	}
	return order{
		ID: id, Item: field("item"), State: field("state"), PlacedBy: field("placedBy"), DoneBy: field("doneBy"),
	}, nil
}

// finish marks an order that is there as done. A second time changes nothing but who has done it.
func (t *table) finish(ctx context.Context, id, pod string) error {
	_, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &t.name,
		Key:                       key(id),
		ConditionExpression:       aws.String("attribute_exists(id)"),
		UpdateExpression:          aws.String("SET #state = :done, doneBy = :pod"),
		ExpressionAttributeNames:  map[string]string{"#state": "state"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":done": text(done), ":pod": text(pod)},
	})
	return err
}

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"id": text(id)}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }
