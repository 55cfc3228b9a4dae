// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_connection.h"

#include <algorithm>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

constexpr auto set_up_time = std::chrono::seconds(10); // ICReq and Connect come within this.
constexpr std::size_t receive_buffer_bytes = 128U << 10U;
constexpr std::uint16_t first_entries = 2; // Until Connect has said how many.

} // namespace

NvmeConnection::NvmeConnection(NvmeDoor& door, boost::asio::ip::tcp::socket socket)
    : door_(door)
    , socket_(std::move(socket))
    , ready_timer_(socket_.get_executor(), door.clock())
    , send_timer_(socket_.get_executor())
    , life_timer_(socket_.get_executor())
    , commands_(first_entries)
    , free_{1, 0}
    , receive_buffer_(receive_buffer_bytes)
    , out_(2 * first_entries + 2) {}

NvmeConnection::~NvmeConnection() = default;

void NvmeConnection::start() {
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    last_keep_alive_ = door_.clock().now();
    life_timer_.expires_after(set_up_time);
    ++pending_;
    life_timer_.async_wait([this](const boost::system::error_code& error) {
        --pending_;
        if (!error && !connected_) {
            close();
        }
        if (is_finished()) {
            door_.finished(*this);
        }
    });
    wait_readable();
}

void NvmeConnection::close() noexcept {
    if (closed_) {
        return;
    }
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    try {
        ready_timer_.cancel();
        send_timer_.cancel();
        life_timer_.cancel();
    } catch (const boost::system::system_error&) {
        return; // Timers run out by themselves.
    }
    if (own_controller_ != nullptr) {
        door_.close_queues(controller_id_);
        own_controller_.reset();
        controller_ = nullptr;
    }
    if (pending_ == 0) {
        door_.finished(*this);
    }
}

void NvmeConnection::wait_readable() {
    if (reading_ || closed_) {
        return;
    }
    reading_ = true;
    ++pending_;
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                       [this](const boost::system::error_code& error) {
                           --pending_;
                           reading_ = false;
                           if (!error && !closed_) {
                               on_readable();
                           }
                           if (is_finished()) {
                               door_.finished(*this);
                           }
                       });
}

// Keep Alive Timeout (Base 3.9): without a Keep Alive in time the controller and all its
// connections end.
void NvmeConnection::restart_keep_alive() {
    last_keep_alive_ = door_.clock().now();
    const std::uint32_t milliseconds = own_controller_->keep_alive_ms();
    life_timer_.cancel();
    if (milliseconds == 0) {
        return;
    }
    const auto allowed = std::chrono::milliseconds(milliseconds);
    life_timer_.expires_after(allowed);
    ++pending_;
    life_timer_.async_wait([this](const boost::system::error_code& error) {
        --pending_;
        if (!error) {
            close();
        }
        if (is_finished()) {
            door_.finished(*this);
        }
    });
}

void NvmeConnection::stall_until(TimePoint until) {
    silent_until_ = std::max(silent_until_, until);
}

void NvmeConnection::ana_changed() {
    if (own_controller_ != nullptr) {
        own_controller_->ana_changed();
        flush();
    }
}

void NvmeConnection::lun_changed(std::uint16_t lun) {
    if (own_controller_ != nullptr) {
        own_controller_->lun_changed(lun);
        flush();
    }
}

void NvmeConnection::answer_event(std::uint16_t command_id, std::uint32_t dword0) {
    for (std::uint16_t index = 0; index < commands_.size(); ++index) {
        Command& command = commands_[index];
        if (command.stage == Stage::held && command.entry.command_id == command_id) {
            answer(index, 0, dword0);
            return;
        }
    }
}

void NvmeConnection::reset_queues() {
    door_.close_queues(controller_id_);
    for (std::uint16_t index = 0; index < commands_.size(); ++index) {
        if (commands_[index].stage == Stage::held) {
            release(index);
        }
    }
}

bool NvmeConnection::abort(std::uint16_t queue_id, std::uint16_t command_id) {
    NvmeConnection* queue = queue_id == 0 ? this : door_.find_queue(controller_id_, queue_id);
    return queue != nullptr && queue->abort_command(command_id);
}

// A command that waits for its due instant, or for ever, ends now. One whose data is on its way is
// left to its end.
bool NvmeConnection::abort_command(std::uint16_t command_id) {
    for (std::uint16_t index = 0; index < commands_.size(); ++index) {
        Command& command = commands_[index];
        const bool idle = command.stage == Stage::waiting || command.stage == Stage::held;
        if (!idle || command.entry.command_id != command_id) {
            continue;
        }
        std::erase_if(due_, [index](const Due& due) { return due.second == index; });
        std::make_heap(due_.begin(), due_.end(), std::greater<>());
        command.timed = false;
        command.answer_bytes = 0;
        command.answer.status = nvme::status_abort_requested << 1;
        enqueue_answer(index);
        flush();
        return true;
    }
    return false;
}

} // namespace drivers::array
