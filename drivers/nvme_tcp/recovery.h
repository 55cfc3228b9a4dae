// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/nvme_tcp/controller.h"

#include <atomic>
#include <future>
#include <memory>
#include <optional>

namespace drivers::nvme_tcp {

struct Recovered {
    bool fenced = false;                    // The old controller acknowledged its reset.
    std::unique_ptr<Controller> controller; // Null: given up.
    NamespaceFacts facts;
    std::string fault; // Of the last attempt.
    // How it was given up: `less_secure` and `broke_protocol` at once, whatever time is left.
    DriverEnd end = DriverEnd::lost;
};

// Brings a lost association back on a thread of its own, because that waits and a lane must not:
// resets the old controller if it still answers, then connects anew, again and again.
class Recovery {
public:
    Recovery();
    ~Recovery() { cancel(); }
    Recovery(const Recovery&) = delete;
    Recovery& operator=(const Recovery&) = delete;

    void start(std::unique_ptr<Controller> old, const Settings& settings, Clock& clock);
    bool is_running() const noexcept { return result_.valid(); }
    // The result, once; nothing while it is still at work.
    std::optional<Recovered> take();
    void cancel() noexcept; // Waits until the thread has ended.
    int wake_descriptor() const noexcept { return wake_.number(); } // Readable at the end.

private:
    Recovered run(std::unique_ptr<Controller> old, const Settings& settings, Clock& clock) const;

    Descriptor wake_;
    std::atomic<bool> stop_{false};
    std::future<Recovered> result_;
};

} // namespace drivers::nvme_tcp
