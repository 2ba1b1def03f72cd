module trimtab.dev/demo-app

go 1.25
