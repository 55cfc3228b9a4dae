// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_portal.h"

#include "drivers/api/errors.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <fmt/format.h>

namespace drivers::array {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t connections_max = 1024;

tcp::endpoint endpoint_of(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
    const bool number =
        !digits.empty() && digits.size() <= 5 &&
        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (error || !number || std::stoul(digits) > 65535) {
        throw UsageError(fmt::format("portal address \"{}\": wanted IP:port", text));
    }
    return {address, static_cast<std::uint16_t>(std::stoul(digits))};
}

} // namespace

NvmePortal::NvmePortal(asio::io_context& context,
                       NvmeTarget& target,
                       Clock& clock,
                       NvmePortalSettings settings)
    : context_(context)
    , target_(target)
    , clock_(clock)
    , settings_(std::move(settings))
    , acceptor_(context) {
    listen();
    target_.add_door(settings_, settings_.advertise.empty() ? address_ : settings_.advertise);
    target_.core().listen(this);
    accept();
}

NvmePortal::~NvmePortal() {
    target_.core().ignore(this);
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    close_all();
    target_.remove_door(settings_.advertise.empty() ? address_ : settings_.advertise);
}

void NvmePortal::listen() {
    const tcp::endpoint wanted = endpoint_of(settings_.listen);
    try {
        acceptor_.open(wanted.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind(wanted);
        acceptor_.listen();
        const tcp::endpoint bound = acceptor_.local_endpoint();
        const std::string host = bound.address().to_string();
        address_ =
            fmt::format("{}:{}", bound.address().is_v6() ? "[" + host + "]" : host, bound.port());
    } catch (const boost::system::system_error& error) {
        throw HostError(
            fmt::format("NVMe/TCP portal on {}: {}", settings_.listen, error.code().message()));
    }
}

void NvmePortal::accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted) {
            return;
        }
        if (!error) {
            admit(std::move(socket));
        }
        accept();
    });
}

void NvmePortal::admit(tcp::socket socket) {
    const bool full = connections_.size() >= connections_max;
    if (full || !target_.core().accepts_sessions(settings_.controller, clock_.now())) {
        return; // Closed as it came.
    }
    NvmeDoor& door = *this;
    connections_.push_back(std::make_unique<NvmeConnection>(door, std::move(socket)));
    connections_.back()->stall_until(silent_until_);
    connections_.back()->start();
}

NvmeConnection* NvmePortal::find_queue(std::uint16_t controller, std::uint16_t queue) noexcept {
    for (const auto& connection : connections_) {
        if (connection->is_open() && connection->serves(controller) &&
            connection->queue_id() == queue) {
            return connection.get();
        }
    }
    return nullptr;
}

void NvmePortal::close_queues(std::uint16_t controller) noexcept {
    for (const auto& connection : connections_) {
        if (connection->serves(controller) && connection->queue_id() != 0) {
            connection->close();
        }
    }
}

void NvmePortal::finished(NvmeConnection& /*connection*/) noexcept {
    if (!reaping_) { // Not now: the connection's own code is still on the stack.
        reaping_ = true;
        asio::post(context_, [this] { reap(); });
    }
}

void NvmePortal::reap() {
    reaping_ = false;
    std::erase_if(connections_, [](const auto& connection) { return connection->is_finished(); });
}

void NvmePortal::close_all() {
    for (const auto& connection : connections_) {
        connection->close();
    }
}

void NvmePortal::drop_sessions(std::uint16_t controller) {
    if (controller == settings_.controller || controller == all_controllers) {
        close_all();
    }
}

void NvmePortal::access_state_changed() {
    for (const auto& connection : connections_) {
        connection->ana_changed();
    }
}

void NvmePortal::lun_swapped(std::uint16_t controller, std::uint16_t lun) {
    for (const auto& connection : connections_) {
        if (controller == settings_.controller) {
            connection->lun_changed(lun);
        }
    }
}

void NvmePortal::power_cut() {
    close_all();
}

void NvmePortal::stalled_until(std::uint16_t controller, TimePoint until) {
    if (controller != settings_.controller && controller != all_controllers) {
        return;
    }
    silent_until_ = std::max(silent_until_, until);
    for (const auto& connection : connections_) {
        connection->stall_until(until);
    }
}

} // namespace drivers::array
