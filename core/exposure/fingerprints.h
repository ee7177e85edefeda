// Fingerprints: what a container seems to be, by the name of its image, and where such a thing usually
// listens.
//
// A guess, for what ports cannot show: a database that was told to listen elsewhere. It only ever warns.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/exposure/way_out.h"

namespace berth::exposure {

struct Fingerprint {
  std::string_view image = {};  // "postgres": the last part of the name, without tag and digest
  std::int64_t usual_port = 0;  // TCP
};

// By the whole last part of an image's name: "registry.example.org/library/postgres:17@sha256:..." is a
// postgres, "postgres-exporter" is none.
std::optional<Fingerprint> fingerprint_of_image(std::string_view image);

// Programs that lead out of the cluster on their own, by connections that they make themselves:
// "cloudflared".
// "" when the image is none. Where they lead to stands in arguments and files, and not in ports.
std::string_view tunnel_of_image(std::string_view image);

// Of a container at the end of the way that seems to have been moved: it does not declare the port where it
// usually listens, and the way leads to another one. Where no container declares the port that the way leads
// to, it may be any container of the pod.
std::optional<Fingerprint> moved_service(const WayOut& way);

}  // namespace berth::exposure
