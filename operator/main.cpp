#include "operator/app.h"
#include "operator/options.h"

int main(int argc, char** argv) {
  const auto parsed = berth::controller::parse_options(argc, argv);
  return parsed.options ? berth::controller::run(*parsed.options) : parsed.exit_code;
}
