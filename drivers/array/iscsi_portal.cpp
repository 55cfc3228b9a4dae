// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_portal.h"

#include "drivers/api/errors.h"
#include "drivers/array/iscsi_connection.h"
#include "drivers/wire/iscsi_text.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <fmt/format.h>

namespace drivers::array {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto tick_interval = std::chrono::seconds(5);
constexpr std::size_t connections_max = 512;

tcp::endpoint parse_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string host = text.substr(0, colon);
    const std::string_view digits =
        colon == std::string::npos ? std::string_view{} : std::string_view(text).substr(colon + 1);
    const std::uint64_t port = wire::iscsi::parse_number(digits).value_or(UINT64_MAX);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error || port > 65535) {
        throw UsageError(fmt::format(
            "portal address \"{}\": wanted an IP address and a port, as 127.0.0.1:3260", text));
    }
    return {address, static_cast<std::uint16_t>(port)};
}

std::string format_endpoint(const tcp::endpoint& endpoint) {
    const std::string host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                      : fmt::format("{}:{}", host, endpoint.port());
}

} // namespace

struct IscsiPortal::State final : LinkListener {
    State(asio::io_context& context, IscsiNode& shared, Clock& used, PortalSettings given)
        : node(shared)
        , clock(used)
        , settings(std::move(given))
        , acceptor(context)
        , ticker(context) {}

    void accept();
    void tick();
    void adopt(tcp::socket socket);
    template <typename Action>
    void for_each(std::uint16_t controller, Action action);

    void drop_sessions(std::uint16_t controller) override {
        for_each(controller, [](IscsiConnection& connection) { connection.close(); });
    }
    void access_state_changed() override {
        node.target.raise_for_all(wire::scsi::code::access_state_changed);
    }
    void power_cut() override {
        drop_sessions(all_controllers);
        node.target.power_cut();
    }
    void stalled_until(std::uint16_t controller, TimePoint until) override {
        for_each(controller, [until](IscsiConnection& c) { c.stall_until(until); });
    }

    void lun_swapped(std::uint16_t controller, std::uint16_t lun) override {
        node.target.raise_at(controller, lun, wire::scsi::code::inquiry_data_changed);
    }

    IscsiNode& node;
    Clock& clock;
    PortalSettings settings;
    std::string address;
    tcp::acceptor acceptor;
    asio::steady_timer ticker;
    std::vector<std::unique_ptr<IscsiConnection>> connections;
};

template <typename Action>
void IscsiPortal::State::for_each(std::uint16_t controller, Action action) {
    if (controller != all_controllers && controller != settings.controller) {
        return;
    }
    for (const auto& connection : connections) {
        action(*connection);
    }
}

void IscsiPortal::State::accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted) {
            return;
        }
        if (!error && connections.size() < connections_max) {
            adopt(std::move(socket));
        }
        accept();
    });
}

void IscsiPortal::State::adopt(tcp::socket socket) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    if (error) {
        return; // Gone already.
    }
    IscsiConnection::Home home{node, settings, clock, [this](IscsiConnection* ended) {
                                   std::erase_if(connections, [ended](const auto& connection) {
                                       return connection.get() == ended;
                                   });
                               }};
    connections.push_back(std::make_unique<IscsiConnection>(std::move(socket), std::move(home)));
    connections.back()->start();
}

void IscsiPortal::State::tick() {
    ticker.expires_after(tick_interval);
    ticker.async_wait([this](const error_code& error) {
        if (error) {
            return;
        }
        const TimePoint now = clock.now();
        for (const auto& connection : connections) {
            connection->tick(now);
        }
        tick();
    });
}

IscsiPortal::IscsiPortal(asio::io_context& context,
                         IscsiNode& node,
                         Clock& clock,
                         const PortalSettings& settings)
    : state_(std::make_unique<State>(context, node, clock, settings)) {
    const tcp::endpoint endpoint = parse_endpoint(settings.listen);
    error_code error;
    state_->acceptor.open(endpoint.protocol(), error);
    if (!error) {
        state_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        state_->acceptor.bind(endpoint, error);
    }
    if (!error) {
        state_->acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        throw HostError(
            fmt::format("portal {}: cannot listen: {}", settings.listen, error.message()));
    }
    state_->address = format_endpoint(state_->acceptor.local_endpoint());
    node.doors.push_back({settings.name,
                          settings.advertise.empty() ? state_->address : settings.advertise,
                          settings.group_tag});
    node.target.core().listen(state_.get());
    state_->accept();
    state_->tick();
}

IscsiPortal::~IscsiPortal() {
    state_->node.target.core().ignore(state_.get());
    for (const auto& connection : state_->connections) {
        connection->announce_end();
    }
}

std::string IscsiPortal::address() const {
    return state_->address;
}

std::size_t IscsiPortal::connection_count() const noexcept {
    return state_->connections.size();
}

} // namespace drivers::array
