// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/array/array_core.h"
#include "drivers/array/portal.h"
#include "drivers/array/portal_settings.h"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace drivers::array {

// Opens doors into one array; what doors of one protocol share lives here.
class PortalFactory {
public:
    PortalFactory(boost::asio::io_context& context, ArrayCore& core, Clock& clock);
    ~PortalFactory();
    PortalFactory(const PortalFactory&) = delete;
    PortalFactory& operator=(const PortalFactory&) = delete;

    std::unique_ptr<Portal> open(const PortalSettings& settings); // Throws HostError, UsageError.

private:
    struct Shared;
    std::unique_ptr<Shared> shared_;
};

} // namespace drivers::array
