package verdicts

import (
	"context"
	"fmt"
	"testing"

	"berth.dev/e2e/kube"
)

// All kinds of the adapters and of the Gateway API are installed too: none of them is told.
func TestAKindThatMayLeadOutAndThatNobodyReadsIsTold(t *testing.T) {
	c := theCourt(t)
	kube.Eventually(t, patience, "the metric", func(ctx context.Context) error {
		metrics, err := c.webhook.Metrics(ctx)
		if err != nil {
			return err
		}
		const name = "berth_unwatched_exposing_kinds"
		_, all := metrics.Sum(name)
		_, ours := metrics.Sum(name, fmt.Sprintf("group=%q", unknownGroup), fmt.Sprintf("kind=%q", unknownKind))
		if all != 1 || ours != 1 {
			return fmt.Errorf("%d kinds are told, %d of them is %s", all, ours, unknownKind)
		}
		return nil
	})
}
