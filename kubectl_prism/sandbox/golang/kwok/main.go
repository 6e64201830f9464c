// Command kwok is kwok and kwokctl in one program: it picks the command by the name it is started under. It is apart
// from the control plane because both register a version flag of the same name. `kubectl prism sandbox` builds it where
// no ready programs are found.
package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwokctl "sigs.k8s.io/kwok/pkg/kwokctl/cmd"
	_ "sigs.k8s.io/kwok/pkg/kwokctl/runtime/binary"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

var commands = map[string]func(context.Context) *cobra.Command{
	"kwok":            kwok.NewCommand,
	"kwok-controller": kwok.NewCommand, // the link that kwokctl makes in a cluster's folder
	"kwokctl":         kwokctl.NewCommand,
}

func main() {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, logger := log.InitFlags(signals.SetupSignalContext(), flags)

	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	command, known := commands[name]
	if !known {
		logger.Error("Start this program as kwok or kwokctl", "name", name)
		os.Exit(2)
	}
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		logger.Error("Read the configuration", "err", err)
		os.Exit(1)
	}
	root := command(ctx)
	root.PersistentFlags().AddFlagSet(flags)
	if err := root.ExecuteContext(ctx); err != nil {
		logger.Error("Stopped", "err", err)
		os.Exit(1)
	}
}
