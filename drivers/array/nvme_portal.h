// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_core.h"
#include "drivers/array/nvme_connection.h"
#include "drivers/array/nvme_settings.h"
#include "drivers/array/nvme_target.h"
#include "drivers/array/portal.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <vector>

namespace drivers::array {

// An NVMe/TCP door of one controller of the array, discovery and all subsystems behind it; serves
// from construction to destruction, on the thread that runs the context.
class NvmePortal final : public Portal, private LinkListener, private NvmeDoor {
public:
    // Throws UsageError for an address that cannot be read, HostError if it cannot listen there.
    NvmePortal(boost::asio::io_context& context,
               NvmeTarget& target,
               Clock& clock,
               NvmePortalSettings settings);
    ~NvmePortal() override;
    NvmePortal(const NvmePortal&) = delete;
    NvmePortal& operator=(const NvmePortal&) = delete;

    std::string address() const override { return address_; }

private:
    // LinkListener
    void drop_sessions(std::uint16_t controller) override;
    void access_state_changed() override;
    void lun_swapped(std::uint16_t controller, std::uint16_t lun) override;
    void power_cut() override;
    void stalled_until(std::uint16_t controller, TimePoint until) override;

    // NvmeDoor
    NvmeTarget& target() noexcept override { return target_; }
    Clock& clock() noexcept override { return clock_; }
    const NvmePortalSettings& settings() const noexcept override { return settings_; }
    NvmeConnection* find_queue(std::uint16_t controller, std::uint16_t queue) noexcept override;
    void close_queues(std::uint16_t controller) noexcept override;
    void finished(NvmeConnection& connection) noexcept override;

    void listen();
    void accept();
    void admit(boost::asio::ip::tcp::socket socket);
    void reap();
    void close_all();

    boost::asio::io_context& context_;
    NvmeTarget& target_;
    Clock& clock_;
    NvmePortalSettings settings_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::string address_;
    std::vector<std::unique_ptr<NvmeConnection>> connections_;
    TimePoint silent_until_{};
    bool reaping_ = false;
};

} // namespace drivers::array
