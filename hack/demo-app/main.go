// Command demo-app is the service that Trimtab's demo and end-to-end tests run: a small HTTP and gRPC server that calls
// the next service, a load generator that hides no failure, and a migration.
package main

import (
	"fmt"
	"os"
)

// version is set when linking: -ldflags "-X main.version=1.2.3".
var version = "dev"

const usage = `usage: demo-app [serve | load | migrate | version]

  serve    run the service (the default); configured by the environment, see README.md
  load     send requests at a fixed rate and count every failure; "load -h" lists its flags
  migrate  pretend to migrate a database: MIGRATE_DURATION (default 1s), MIGRATE_FAIL=true makes it fail
  version  print the version
`

func main() {
	command, args := "serve", []string{}
	if len(os.Args) > 1 {
		command, args = os.Args[1], os.Args[2:]
	}
	var err error
	switch command {
	case "serve":
		err = serve(os.Getenv)
	case "load":
		err = runLoad(args, os.Stdout, os.Stderr)
	case "migrate":
		err = migrate(os.Getenv, os.Stdout)
	case "version":
		fmt.Println(version)
	case "help", "-h", "--help":
		fmt.Print(usage)
	default:
		err = fmt.Errorf("unknown command %q\n%s", command, usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo-app:", err)
		os.Exit(1)
	}
}
