#include "webhook/app.h"
#include "webhook/options.h"

int main(int argc, char** argv) {
  const auto parsed = berth::webhook::parse_options(argc, argv);
  return parsed.options ? berth::webhook::run(*parsed.options) : parsed.exit_code;
}
