// Package faultproxy stands between a client and an API server, as the network does, and does to chosen
// requests what networks and API servers do on a bad day: it holds them, loses their answers, answers them
// itself, serves the past, silences and cuts watches. It also does what no network does: it takes a
// precondition out of a request, so that a test can show what the precondition is good for.
//
//	proxy, err := faultproxy.Start(c.AdminConfig())
//	defer proxy.Close()
//	config, err := proxy.Config(account) // what the operator gets; account has a bearer token
//	rule := proxy.When(faultproxy.Match{Verbs: "update", Resource: "portledgers", Times: 3},
//		faultproxy.Refuse(http.StatusConflict, 0))
//	...
//	proxy.Remove(rule)
//
// Rules apply in the order in which they were added; each may look at the request, change it, pass it on to
// the next (the last one is the API server itself) and change the answer. Every write is recorded with what
// became of it. Rules that nobody has added do nothing: then the proxy is only a longer way.
//
// All functions and methods are safe for concurrent use.
package faultproxy
