package evaluators

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/site"
)

var shared *cluster.Cluster

func TestMain(m *testing.M) { os.Exit(cluster.RunTests(m, cluster.Options{}, &shared)) }

const (
	pairsOfAWorld = 250
	pairsOfARound = 5000 // the cluster has node ports for no more
	patience      = 2 * time.Minute
	// Of what the generator makes so much may be refused by the API server itself.
	mostInvalid = 0.05
)

func TestFourEvaluatorsAgree(t *testing.T) {
	seed := site.Seed(t, "EVALUATORS_SEED")
	pairs := int(site.Number(t, "PAIRS", pairsOfARound))
	t.Logf("EVALUATORS_SEED=%d PAIRS=%d", seed, pairs)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	// Rounds of one size: a few policies alone may forbid nothing, and show nothing.
	rounds := (pairs + pairsOfARound - 1) / pairsOfARound
	worldsOfARound := (pairs/rounds + pairsOfAWorld - 1) / pairsOfAWorld
	for round := range rounds {
		t.Run(fmt.Sprintf("round %d of %d", round+1, rounds), func(t *testing.T) {
			agree(t, g, round*worldsOfARound, pairs/rounds)
		})
	}
}

// agree asks about so many pairs; `first` is the number of the first world.
func agree(t *testing.T, g *generator, first, count int) {
	var worlds []world
	for made := 0; made < count; made += pairsOfAWorld {
		worlds = append(worlds, g.world(first+len(worlds), min(pairsOfAWorld, count-made)))
	}
	b := newBench(t, worlds)

	byLint := b.lint()
	byWebhook := b.webhook()
	b.silenceWebhook()
	byWall := b.wall()
	strict := strictest(byWall)
	byForgetfulWall := b.askForgetfulWall(worlds[strict])
	b.lower(worlds[strict])
	byAudit := b.audit(byWebhook)

	var all tally
	for i, w := range worlds {
		for k, object := range w.objects {
			all.add(w, object, verdicts{byWebhook[i][k], byLint[i][k], byAudit[i][k], byWall[i][k]})
		}
	}
	t.Log(all.summary())
	if all.invalid > int(mostInvalid*float64(count)) {
		t.Errorf("the API server itself refused %d of %d objects: the generator is wrong", all.invalid, count)
	}
	if all.denied*10 < count || all.byWall*20 < count {
		t.Errorf("of %d pairs %d are denied, %d by the wall: too few to show anything", count, all.denied, all.byWall)
	}
	for _, text := range all.disagreements[:min(20, len(all.disagreements))] {
		t.Error(text)
	}
	if len(all.disagreements) > 20 {
		t.Errorf("... and %d more", len(all.disagreements)-20)
	}

	// The comparison itself: a wall that has forgotten half of what is internal must be noticed.
	forgetful := tally{}
	for k, verdict := range byForgetfulWall {
		forgetful.add(worlds[strict], worlds[strict].objects[k],
			verdicts{byWebhook[strict][k], byLint[strict][k], byAudit[strict][k], verdict})
	}
	if len(forgetful.disagreements) == 0 {
		t.Error("nobody noticed a wall that forgets")
	}
}

// strictest is the world in which most is denied.
func strictest(all [][]verdict) (world int) {
	most := -1
	for i, answers := range all {
		denied := 0
		for _, answer := range answers {
			if answer.deny {
				denied++
			}
		}
		if denied > most {
			world, most = i, denied
		}
	}
	return world
}
