// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/array_server.h"

#include "drivers/api/errors.h"
#include "drivers/api/priority.h"
#include "drivers/array/actor/actor_crew.h"
#include "drivers/array/control_channel.h"
#include "drivers/array/portal.h"
#include "drivers/array/portal_factory.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <charconv>
#include <csignal>
#include <fmt/format.h>
#include <optional>

namespace drivers::array {

namespace asio = boost::asio;

namespace {

std::string listen_address(const std::string& wanted, std::size_t index) {
    const std::size_t colon = wanted.rfind(':');
    const bool has_port =
        colon != std::string::npos && wanted.find(']', colon) == std::string::npos;
    unsigned port = 0;
    if (has_port) {
        const char* end = wanted.data() + wanted.size();
        const auto [rest, error] = std::from_chars(wanted.data() + colon + 1, end, port);
        if (error != std::errc{} || rest != end || port + index > 65535) {
            throw UsageError(fmt::format(
                "listen address \"{}\": wanted host, host:port or [host]:port", wanted));
        }
    }
    const std::string host = has_port ? wanted.substr(0, colon) : wanted;
    return fmt::format("{}:{}", host, port == 0 ? 0 : port + index);
}

// In a laboratory every port is the one that its protocol has by custom.
std::string address_in_lab(const PortalSettings& portal,
                           const std::vector<std::string>& addresses) {
    constexpr int iscsi_port = 3260;
    constexpr int nvme_port = 4420;
    return fmt::format("{}:{}",
                       addresses[portal.controller % addresses.size()],
                       portal.transport == PortalTransport::iscsi ? iscsi_port : nvme_port);
}

class CrewHearing final : public Overhearer {
public:
    explicit CrewHearing(ActorCrew& crew)
        : crew_(crew) {}
    void written(const MediumCommand& command) noexcept override {
        crew_.written(command.lun, command.lba, command.block_count, command.data);
    }

private:
    ActorCrew& crew_;
};

} // namespace

struct ArrayServer::State {
    State(const ServerSettings& settings, Clock& used_clock)
        : clock(used_clock)
        , core(settings.array)
        , portals(context, core, clock) {
        if (settings.control_fd < 0) { // Else whoever started it ends it, after its own end.
            signals.add(SIGINT);
            signals.add(SIGTERM);
            struct sigaction hangup {};
            if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
                signals.add(SIGHUP);
            }
        }
        if (!settings.actors.empty() && settings.speak_by.size() == 2) {
            SenderSettings sending;
            sending.management_interface = settings.speak_by[0];
            sending.data_interface = settings.speak_by[1];
            crew.emplace(settings.actors, sending);
            hearing.emplace(*crew);
            core.overhear(&*hearing);
        }
    }

    void rearm();
    void review(Priority& priority);
    ControlAnswer serve(const ControlRequest& request);
    void tell_crew(Fault fault);

    Clock& clock;
    asio::io_context context{1};
    ArrayCore core;
    PortalFactory portals;
    std::vector<std::unique_ptr<Portal>> open;
    asio::signal_set signals{context};
    asio::steady_timer timer{context};
    asio::steady_timer review_timer{context};
    std::unique_ptr<ControlChannel> control;
    ReadyReport ready;
    std::optional<ActorCrew> crew;
    std::optional<CrewHearing> hearing;
};

void ArrayServer::State::rearm() { // The array changes by itself too: failovers end, bits rot.
    const TimePoint next = core.next_change();
    if (next == TimePoint::max()) {
        timer.cancel();
        return;
    }
    timer.expires_at(next);
    timer.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            core.advance(clock.now());
            rearm();
        }
    });
}

void ArrayServer::State::review(Priority& priority) {
    if (!priority.is_granted()) {
        return;
    }
    priority.review(clock.now());
    review_timer.expires_after(Priority::review_every);
    review_timer.async_wait([this, &priority](const boost::system::error_code& error) {
        if (!error) {
            review(priority);
        }
    });
}

void ArrayServer::State::tell_crew(Fault fault) {
    if (fault == Fault::failover) {
        crew->happened(ActorNews::Kind::failover);
    } else if (fault == Fault::update) {
        crew->happened(ActorNews::Kind::update);
    }
}

ControlAnswer ArrayServer::State::serve(const ControlRequest& request) {
    ControlAnswer answer;
    answer.id = request.id;
    answer.at = clock.now();
    switch (request.ask) {
    case Ask::event:
        answer.error = core.apply(request.event, answer.at);
        if (crew && answer.error.empty()) {
            tell_crew(request.event.fault);
        }
        rearm();
        break;
    case Ask::counts:
        answer.counts = core.take_counts();
        break;
    case Ask::stop: // After the answer is on its way.
        asio::post(context, [this] { asio::post(context, [this] { context.stop(); }); });
        break;
    }
    return answer;
}

ArrayServer::ArrayServer(const ServerSettings& settings, Clock& clock)
    : state_(std::make_unique<State>(settings, clock)) {
    for (PortalSettings portal : settings.portals) {
        if (!settings.data_addresses.empty()) {
            portal.listen = address_in_lab(portal, settings.data_addresses);
        } else if (!settings.listen.empty()) {
            portal.listen = listen_address(settings.listen, state_->open.size());
        }
        state_->open.push_back(state_->portals.open(portal));
        state_->ready.portals.push_back(
            {portal.transport == PortalTransport::iscsi ? "iscsi" : "nvme+tcp",
             state_->open.back()->address(),
             portal.name,
             portal.controller});
    }
    for (std::size_t lun = 0; lun < state_->core.lun_count(); ++lun) {
        state_->ready.identities.push_back(state_->core.lun(lun).identity.unique_id);
    }
    if (settings.control_fd >= 0) {
        State* state = state_.get();
        state_->control = std::make_unique<ControlChannel>(
            state_->context, settings.control_fd, [state](const ControlRequest& request) {
                return state->serve(request);
            });
    }
}

ArrayServer::~ArrayServer() = default;

const ReadyReport& ArrayServer::ready() const noexcept {
    return state_->ready;
}

void ArrayServer::run() {
    State* state = state_.get();
    Priority priority;
    state->review(priority);
    state->signals.async_wait([state](const boost::system::error_code& error, int) {
        if (!error) {
            state->context.stop();
        }
    });
    if (state->control) {
        state->control->start(state->ready, [state] { state->context.stop(); });
    }
    state->core.advance(state->clock.now());
    state->rearm();
    state->context.run();
}

EmulatorCounts ArrayServer::counts() const {
    return state_->core.emulator_counts();
}

std::string portal_url(const PortalAddress& portal, std::size_t lun) {
    // NVMe counts its namespaces from 1.
    return portal.transport == "iscsi"
               ? fmt::format("iscsi://{}/{}/{}", portal.address, portal.name, lun)
               : fmt::format("nvme+tcp://{}/{}/{}", portal.address, portal.name, lun + 1);
}

} // namespace drivers::array
