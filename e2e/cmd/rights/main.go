// Rights compares what deploy/base grants Berth's accounts with what they asked for in all end-to-end tests:
//
//	rights FOLDER
//
// FOLDER is what $BERTH_RIGHTS named while they ran. Ends with status 1 if a right is unused or one was refused.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"berth.dev/e2e/kube"
	"berth.dev/e2e/programs"
	"berth.dev/e2e/rights"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: rights FOLDER")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "rights:", err)
		os.Exit(1)
	}
}

func check(folder string) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	var grants []rights.Grant
	for _, file := range []string{"operator-rbac.yaml", "webhook-rbac.yaml", "metrics-rbac.yaml"} {
		objects, err := kube.ParsePath(filepath.Join(root, "deploy/base", file))
		if err != nil {
			return err
		}
		found, err := rights.Granted(objects)
		if err != nil {
			return err
		}
		grants = append(grants, found...)
	}
	uses, err := rights.ReadUses(folder)
	if err != nil {
		return err
	}
	wrong := 0
	for _, grant := range rights.Unused(grants, uses) {
		if rights.Unseen[grant.String()] == "" {
			fmt.Println("granted, and never used:", grant)
			wrong++
		}
	}
	for _, use := range rights.Refused(grants, uses) {
		fmt.Printf("refused: %s: %s %s%s.%s %s/%s\n", use.User, use.Verb, use.URL, use.Resource, use.Group, use.Namespace, use.Name)
		wrong++
	}
	if wrong > 0 {
		return fmt.Errorf("%d rights are not as they are used", wrong)
	}
	fmt.Printf("rights: %d granted, none refused, all used but for %d that an audit log does not show (rights.Unseen)\n",
		len(grants), len(rights.Unseen))
	return nil
}
