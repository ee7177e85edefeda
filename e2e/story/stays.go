package story

import (
	"context"
	"time"

	"berth.dev/e2e/story/telling"
)

const nodePorts = "-o jsonpath={.spec.ports[*].nodePort}"

// stays is about numbers that stay: against a hand that edits them, and a while after they were given back.
func (p Place) stays() telling.Chapter {
	return telling.Chapter{
		Title: "A number stays where it is, and rests when it is given back",
		Prepare: func(ctx context.Context) error {
			if err := p.remove(ctx, "palloc", "mesh", "guest", "successor"); err != nil {
				return err
			}
			return p.remove(ctx, "prange", "", "demo-cooldown")
		},
		Steps: []telling.Step{
			{
				Name:    "somebody has edited a nodePort by hand",
				Command: `kubectl patch svc phantom-node -n mesh --type=json ` + nodePorts + ` -p '[{"op": "replace", "path": "/spec/ports/0/nodePort", "value": 24599}]'`,
				Check:   telling.Says("24599 24511"),
			},
			{
				Name:    "the number is back",
				Command: "kubectl get svc phantom-node -n mesh " + nodePorts,
				Within:  15 * time.Second,
				Check:   telling.Says("24510 24511"),
			},
			{
				Name:    "a range whose numbers rest for six seconds, and a guest that takes one",
				Text:    "A number that was given back rests, so that nobody gets connections that were meant for somebody else. 130 seconds is the default; here it takes six.",
				Command: "kubectl apply -f e2e/story/cooldown/range.yaml -f e2e/story/cooldown/guest.yaml",
			},
			{
				Name:    "the guest is ready",
				Command: "kubectl wait --for=condition=Ready palloc/guest -n mesh --timeout=60s",
			},
			{
				Name:    "the guest is deleted",
				Command: "kubectl delete palloc guest -n mesh",
			},
			{
				Name:    "another allocation asks for the same number",
				Command: "kubectl apply -f e2e/story/cooldown/successor.yaml",
			},
			{
				Name:    "it has to wait and is told why",
				Command: `kubectl get palloc successor -n mesh -o custom-columns='REASON:.status.conditions[?(@.type=="Allocated")].reason,MESSAGE:.status.conditions[?(@.type=="Allocated")].message'`,
				Within:  5 * time.Second,
				Check:   telling.Says("PortResting", "24480", "mesh/guest released a moment ago"),
			},
			{
				Name:    "it gets the number when that has rested",
				Command: "kubectl wait --for=condition=Ready palloc/successor -n mesh --timeout=60s",
			},
			{
				Name:    "number 24480 has its new owner",
				Command: "kubectl get palloc successor -n mesh",
				Check:   telling.Shows(telling.Row{Key: "successor http:24480/TCP demo-cooldown True"}),
			},
			{
				Name:    "cleared away",
				Command: "kubectl delete -f e2e/story/cooldown/successor.yaml -f e2e/story/cooldown/range.yaml",
			},
		},
	}
}
