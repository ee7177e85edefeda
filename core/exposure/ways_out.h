// Which ways out an object takes part in: the exposure graph, walked from the object that is judged.
//
// Outside is: NodePort (healthCheckNodePort too), LoadBalancer and its hidden node ports, externalIPs and
// addresses claimed in status, entrances (Ingress, routes at the listeners of a Gateway, ...), hostPort,
// hostNetwork, what controllers make of annotations and labels (announcements.h), programs in pods that lead
// out by themselves (fingerprints.h), and NetworkPolicies that let outsiders in (network_policies.h). Source:
// docs/reference/api.md, "How a way out is judged". `facts` must hold the object itself (see Overlay). Order:
// as the objects list their ports.
//
// A Pod whose owner's template says the same is reported as the owner, up to the topmost one that does, so
// that a Deployment of a hundred pods has one way out and not a hundred and two.
#pragma once

#include <string>
#include <vector>

#include "core/exposure/facts.h"
#include "core/exposure/overlay.h"
#include "core/exposure/way_out.h"

namespace berth::exposure {

// Its own ways and those of the entrances that name it.
std::vector<WayOut> ways_of(const Service& service, const Facts& facts);
std::vector<WayOut> ways_of(const Entrance& entrance, const Facts& facts);
// Only ways that end in this workload: of the Services that select its pods, and of the node's addresses.
std::vector<WayOut> ways_of(const Workload& workload, const Facts& facts);
// Its listeners as such, and the ways by routes that are attached to it.
std::vector<WayOut> ways_of(const Gateway& gateway, const Facts& facts);
// By routes of the namespaces that it lets in.
std::vector<WayOut> ways_of(const ReferenceGrant& grant, const Facts& facts);
// By routes that name it.
std::vector<WayOut> ways_of(const Backend& backend, const Facts& facts);
// Those of the Service that it is for.
std::vector<WayOut> ways_of(const EndpointSlice& slice, const Facts& facts);
// Of every Service that it advertises and that nothing else does.
std::vector<WayOut> ways_of(const Advertisement& advertisement, const Facts& facts);
// What it lets in from outside, whatever leads there.
std::vector<WayOut> ways_of(const NetworkPolicy& policy, const Facts& facts);
// Those of the policies that let it in.
std::vector<WayOut> ways_of(const NetworkSet& set, const Facts& facts);
std::vector<WayOut> ways_of(const Subject& subject, const Facts& facts);

// For which the object decides whether they are open or where they lead, whether or not the facts have it:
// routes at a Gateway, by a ReferenceGrant or to a Backend, the Service of an EndpointSlice, the policies
// that let in a set of networks. None for other kinds.
std::vector<WayOut> ways_concerned_by(const Subject& subject, const Facts& facts);

// Every way that leads to something of the namespace, once: to its Services, to what entrances name there, to
// its pods; and the listeners of its Gateways. Of all namespaces together these are all ways.
std::vector<WayOut> ways_into(const std::string& ns, const Facts& facts);

// The controllers above `workload` that the facts know, nearest first.
std::vector<const Workload*> owners_of(const Workload& workload, const Facts& facts);

}  // namespace berth::exposure
