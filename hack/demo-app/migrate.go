package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// migrate takes MIGRATE_DURATION and then ends well, or fails if MIGRATE_FAIL is "true".
func migrate(getenv func(string) string, out io.Writer) error {
	env := environment{getenv: getenv}
	took := env.duration("MIGRATE_DURATION", time.Second)
	if env.err != nil {
		return env.err
	}
	fmt.Fprintf(out, "migrating the schema to version %s\n", version)
	time.Sleep(took)
	if getenv("MIGRATE_FAIL") == "true" {
		return errors.New("column \"price\" of table \"orders\" is not empty: cannot be dropped (MIGRATE_FAIL=true)")
	}
	fmt.Fprintf(out, "the schema is at version %s\n", version)
	return nil
}
