#include "kube/http/digest.h"

#include <cstdlib>
#include <openssl/evp.h>

namespace berth::http {

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    std::abort();
  }
  return digest;
}

}  // namespace berth::http
