// EndpointSlice and Endpoints.
#include <gtest/gtest.h>

#include "core/model/endpoint_slice.h"
#include "kube/json/round_trip.h"

namespace berth::json {
namespace {

TEST(EndpointSliceCodec, ReadsTheAddressesOfAllEndpoints) {
  EndpointSlice expected;
  expected.api_version = "discovery.k8s.io/v1";
  expected.kind = "EndpointSlice";
  expected.meta.ns = "data";
  expected.meta.name = "web-1";
  expected.meta.labels = {{"kubernetes.io/service-name", "web"}};
  expected.address_type = "IPv4";
  expected.subsets = {{{"10.0.0.7", "10.0.0.8"}, {{"pg", 5432, Protocol::kTcp}, {"", 53, Protocol::kUdp}}}};
  expect_round_trip(R"({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
    "metadata": {"name": "web-1", "namespace": "data", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.7"], "conditions": {"ready": true},
                   "targetRef": {"kind": "Pod", "name": "a"}}, {"addresses": ["10.0.0.8"]}],
    "ports": [{"name": "pg", "port": 5432, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]})",
                    expected);
}

TEST(EndpointSliceCodec, ReadsOneThatLeadsNowhere) {
  EndpointSlice expected;
  expected.api_version = "discovery.k8s.io/v1";
  expected.kind = "EndpointSlice";
  expected.meta.ns = "data";
  expected.meta.name = "web-1";
  expected.address_type = "IPv6";
  expected.subsets.resize(1);
  expect_round_trip(R"({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
    "metadata": {"name": "web-1", "namespace": "data"}, "addressType": "IPv6",
    "endpoints": null, "ports": null})",
                    expected);
}

TEST(EndpointSliceCodec, ReadsEndpointsReadyOrNot) {
  EndpointSlice expected;
  expected.api_version = "v1";
  expected.kind = "Endpoints";
  expected.meta.ns = "data";
  expected.meta.name = "web";
  expected.subsets = {{{"10.0.0.7", "10.0.0.9"}, {{"pg", 5432, Protocol::kTcp}}},
                      {{"10.0.0.8"}, {{"pg", 5433, Protocol::kTcp}}}};
  expect_round_trip(R"({"apiVersion": "v1", "kind": "Endpoints",
    "metadata": {"name": "web", "namespace": "data"},
    "subsets": [
      {"addresses": [{"ip": "10.0.0.7", "targetRef": {"kind": "Pod"}}], "notReadyAddresses": [{"ip": "10.0.0.9"}],
       "ports": [{"name": "pg", "port": 5432}]},
      {"addresses": [{"ip": "10.0.0.8"}], "ports": [{"name": "pg", "port": 5433}]}]})",
                    expected);
}

}  // namespace
}  // namespace berth::json
