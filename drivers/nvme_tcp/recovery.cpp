// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/recovery.h"

#include "drivers/api/errors.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace drivers::nvme_tcp {

Recovery::Recovery()
    : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (wake_.number() < 0) {
        throw HostError("cannot make an event descriptor");
    }
}

void Recovery::start(std::unique_ptr<Controller> old, const Settings& settings, Clock& clock) {
    stop_ = false;
    result_ =
        std::async(std::launch::async, [this, &clock, settings, old = std::move(old)]() mutable {
            Recovered recovered = run(std::move(old), settings, clock);
            const std::uint64_t one = 1;
            (void)!::write(wake_.number(), &one, sizeof one);
            return recovered;
        });
}

std::optional<Recovered> Recovery::take() {
    if (!result_.valid() ||
        result_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        return std::nullopt;
    }
    std::uint64_t count = 0;
    (void)!::read(wake_.number(), &count, sizeof count);
    return result_.get();
}

void Recovery::cancel() noexcept {
    stop_ = true;
    if (result_.valid()) {
        result_.wait();
        result_ = {};
    }
}

Recovered
Recovery::run(std::unique_ptr<Controller> old, const Settings& settings, Clock& clock) const {
    Recovered recovered;
    if (old != nullptr) {
        recovered.fenced = old->disable();
        old.reset();
    }
    Settings patient = settings; // Each attempt is short, so that cancel() never waits for long.
    patient.connect_timeout = std::min<Duration>(settings.connect_timeout, std::chrono::seconds(2));
    auto pause = std::chrono::milliseconds(20);
    constexpr auto pause_max = std::chrono::milliseconds(500);
    const TimePoint give_up = clock.now() + settings.reconnect_timeout;
    while (settings.reconnects && !stop_ && clock.now() < give_up) {
        try {
            auto controller = std::make_unique<Controller>(patient, clock);
            controller->open_io_queue(); // From here on events tell if the namespace is changed.
            recovered.facts = controller->namespace_facts(settings.nsid);
            recovered.controller = std::move(controller);
            break;
        } catch (const ProtocolError& error) {
            recovered.end = DriverEnd::broke_protocol;
            recovered.fault = error.what();
            break;
        } catch (const SecurityError& error) {
            recovered.end = DriverEnd::less_secure;
            recovered.fault = error.what();
            break;
        } catch (const std::exception& error) {
            recovered.fault = error.what();
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, pause_max);
        }
    }
    return recovered;
}

} // namespace drivers::nvme_tcp
