// Command install-manifests writes install.yaml and crds.yaml, from which people install Berth without Helm.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/manifests"
)

func main() {
	folder := flag.String("out", "", "folder to write into")
	image := flag.String("image", "", "image of the programs, such as registry.example.com/berth:0.1.0; empty: that of deploy/base")
	flag.Parse()
	if *folder == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(context.Background(), *folder, *image); err != nil {
		fmt.Fprintln(os.Stderr, "install-manifests:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, folder, image string) error {
	binaries, err := cluster.EnsureBinaries(ctx, os.Stderr) // kubectl among them
	if err != nil {
		return err
	}
	return manifests.Write(ctx, binaries.Kubectl, folder, image)
}
