// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/portal_factory.h"

#include "drivers/api/errors.h"

#include <fmt/format.h>

namespace drivers::array {

struct PortalFactory::Shared {
    boost::asio::io_context& context;
    ArrayCore& core;
    Clock& clock;
};

PortalFactory::PortalFactory(boost::asio::io_context& context, ArrayCore& core, Clock& clock)
    : shared_(std::make_unique<Shared>(Shared{context, core, clock})) {}

PortalFactory::~PortalFactory() = default;

std::unique_ptr<Portal> PortalFactory::open(const PortalSettings& settings) {
    throw UsageError(
        fmt::format("portal \"{}\": this build serves no such transport", settings.name));
}

} // namespace drivers::array
