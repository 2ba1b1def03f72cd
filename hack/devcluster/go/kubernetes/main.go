// Kubernetes in one binary: etcd, the control plane, kubelet and kube-proxy.
//
// The name it is started under selects the component, as busybox does. One
// link step instead of six is most of what makes a cold build bearable.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	components := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": controllermanager.NewControllerManagerCommand,
		"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
		"kube-proxy":              kubeproxy.NewProxyCommand,
		"kubelet":                 newKubeletCommand,
	}
	command, known := components[name]
	if !known {
		fmt.Fprintf(os.Stderr, "no component is named %q\n", name)
		os.Exit(2)
	}
	os.Exit(cli.Run(command()))
}

// newKubeletCommand bridges the versions: later ones give the constructor a context.
func newKubeletCommand() *cobra.Command {
	switch construct := any(kubelet.NewKubeletCommand).(type) {
	case func(context.Context) *cobra.Command:
		return construct(context.Background())
	case func() *cobra.Command:
		return construct()
	default:
		panic("kubelet.NewKubeletCommand has an unknown signature")
	}
}
