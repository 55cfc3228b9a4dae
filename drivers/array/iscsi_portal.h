// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/array/array_core.h"
#include "drivers/array/iscsi_node.h"
#include "drivers/array/portal.h"
#include "drivers/array/portal_settings.h"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace drivers::array {

// A door of the array that speaks iSCSI (RFC 7143) to any initiator, on the one thread that runs
// the context; that thread must not run the context any more once the portal is gone. Throws
// UsageError for an address that is none and HostError if it cannot listen there.
class IscsiPortal final : public Portal {
public:
    IscsiPortal(boost::asio::io_context& context,
                IscsiNode& node,
                Clock& clock,
                const PortalSettings& settings);
    ~IscsiPortal() override;
    IscsiPortal(const IscsiPortal&) = delete;
    IscsiPortal& operator=(const IscsiPortal&) = delete;

    std::string address() const override;
    std::size_t connection_count() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace drivers::array
