// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/monotonic_clock.h"
#include "drivers/array/nvme_portal.h"
#include "drivers/nvme_tcp/settings.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <future>
#include <memory>
#include <thread>

namespace tests {

constexpr const char* nvme_array_nqn = "nqn.2026-01.org.arraybench:emulated";

inline drivers::array::ArraySettings nvme_array_settings() {
    drivers::array::ArraySettings settings;
    settings.name = "test";
    drivers::array::VolumeSettings volume;
    volume.name = "v0";
    volume.identity = {.vendor = "TEST",
                       .product = "VOLUME",
                       .revision = "0001",
                       .serial = "SERIAL0",
                       .unique_id = "6382028100abcdef0123456789abcdef"};
    volume.block_count = 131072;
    settings.volumes.push_back(volume);
    volume.name = "v1";
    volume.block_bytes = 4096;
    volume.block_count = 16384;
    volume.identity.unique_id = "6382028100abcdef0123456789abcde0";
    settings.volumes.push_back(volume);
    return settings;
}

// An emulated array with one NVMe/TCP door, on a thread of its own, on an ephemeral port.
class NvmeArray {
public:
    explicit NvmeArray(const drivers::array::ArraySettings& settings = nvme_array_settings(),
                       drivers::array::NvmePortalSettings door = {})
        : core_(settings)
        , target_(core_) {
        if (door.subsystems.empty()) {
            door.subsystems.push_back({.nqn = nvme_array_nqn,
                                       .model = "Emulated model",
                                       .luns = {},
                                       .host_secret = "",
                                       .controller_secret = ""});
        }
        portal_ = std::make_unique<drivers::array::NvmePortal>(
            context_, target_, clock_, std::move(door));
        thread_ = std::thread([this] { context_.run(); });
    }
    ~NvmeArray() {
        context_.stop();
        thread_.join();
    }
    NvmeArray(const NvmeArray&) = delete;
    NvmeArray& operator=(const NvmeArray&) = delete;

    std::uint16_t port() const {
        const std::string address = portal_->address();
        return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
    }
    drivers::nvme_tcp::Settings settings(std::uint32_t nsid = 1) const {
        drivers::nvme_tcp::Settings settings;
        settings.host = "127.0.0.1";
        settings.port = port();
        settings.subsystem_nqn = nvme_array_nqn;
        settings.nsid = nsid;
        return settings;
    }
    // Runs on the array's own thread and waits for it.
    void on_array(const std::function<void(drivers::array::ArrayCore&)>& what) {
        std::promise<void> done;
        boost::asio::post(context_, [&] {
            what(core_);
            done.set_value();
        });
        done.get_future().wait();
    }
    void apply(const drivers::array::FaultEvent& event) {
        on_array([&](drivers::array::ArrayCore& core) { core.apply(event, clock_.now()); });
    }
    drivers::Clock& clock() { return clock_; }

private:
    drivers::MonotonicClock clock_;
    boost::asio::io_context context_{1};
    drivers::array::ArrayCore core_;
    drivers::array::NvmeTarget target_;
    std::unique_ptr<drivers::array::NvmePortal> portal_;
    std::thread thread_;
};

} // namespace tests
