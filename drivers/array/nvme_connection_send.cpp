// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_connection.h"
#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <cerrno>
#include <functional>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t parts_max = 256;
constexpr std::size_t granted_bytes_max = 16U << 20U; // Write data asked for and not yet here.
constexpr std::size_t output_bytes_max = 16U << 20U;

} // namespace

void NvmeConnection::push(const Out& out) {
    if (out_count_ == out_.size()) { // Cannot be: two places per command and two more.
        close();
        return;
    }
    std::size_t at = out_head_ + out_count_;
    at = at >= out_.size() ? at - out_.size() : at;
    out_[at] = out;
    ++out_count_;
}

void NvmeConnection::enqueue_answer(std::uint16_t index) {
    Command& command = commands_[index];
    command.stage = Stage::answering;
    command.answer.command_id = command.entry.command_id;
    command.answer.sq_id = queue_id_;
    command.answer.sq_head = flow_control_ ? sq_head_ : 0;
    Out out;
    out.command = index;
    const auto add = [&out](std::byte* from, std::size_t bytes) {
        out.parts[out.count++] = {.iov_base = from, .iov_len = bytes};
        out.bytes += bytes;
    };
    const bool success_flag = !flow_control_ && command.answer.is_good();
    if (command.answer_bytes > 0) {
        const auto data = std::span(command.buffer.get(), command.answer_bytes);
        const std::uint8_t flags =
            nvme::flag_last | (success_flag ? nvme::flag_success : std::uint8_t{0});
        add(command.header.data(),
            writer_.data(command.header,
                         nvme::PduType::c2h_data,
                         {.command_id = command.entry.command_id, .bytes = command.answer_bytes},
                         flags));
        add(data.data(), data.size());
        if (writer_.digests().data) {
            wire::put_le(std::span<std::byte>(command.digest), 0, wire::crc32c(data));
            add(command.digest.data(), command.digest.size());
        }
        output_bytes_ += command.answer_bytes;
    }
    if (command.answer_bytes == 0 || !success_flag) {
        add(command.response.data(), writer_.capsule_resp(command.response, command.answer));
    }
    push(out);
}

// Asks for the data of writes as far as memory is granted for it, in the order they came.
void NvmeConnection::grant_r2t() {
    std::size_t granted = 0;
    while (granted < wants_r2t_.size()) {
        const std::uint16_t index = wants_r2t_[granted];
        Command& command = commands_[index];
        if (granted_bytes_ > 0 && granted_bytes_ + command.bytes > granted_bytes_max) {
            break;
        }
        granted_bytes_ += command.bytes;
        reserve(command, command.bytes);
        command.asked = true;
        Out out;
        out.count = 1;
        out.bytes = writer_.r2t(command.header,
                                {.command_id = command.entry.command_id,
                                 .transfer_tag = index,
                                 .bytes = command.bytes});
        out.parts[0] = {.iov_base = command.header.data(), .iov_len = out.bytes};
        push(out);
        ++granted;
    }
    wants_r2t_.erase(wants_r2t_.begin(), wants_r2t_.begin() + static_cast<std::ptrdiff_t>(granted));
}

// Moves what has become due to the socket's queue.
void NvmeConnection::send_ready() {
    while (!due_.empty() && due_.front().first <= now_) {
        const std::uint16_t index = due_.front().second;
        std::pop_heap(due_.begin(), due_.end(), std::greater<>());
        due_.pop_back();
        enqueue_answer(index);
    }
    arm_ready_timer();
}

void NvmeConnection::arm_ready_timer() {
    if (due_.empty() || closed_) {
        return;
    }
    ++pending_;
    ready_timer_.start(due_.front().first, [this](const boost::system::error_code& error) {
        --pending_;
        if (!error && !closed_) {
            now_ = door_.clock().now();
            send_ready();
            flush();
        }
        if (is_finished()) {
            door_.finished(*this);
        }
    });
}

void NvmeConnection::arm_send_timer() {
    send_timer_.expires_at(silent_until_);
    ++pending_;
    send_timer_.async_wait([this](const boost::system::error_code& error) {
        --pending_;
        if (!error && !closed_) {
            flush();
        }
        if (is_finished()) {
            door_.finished(*this);
        }
    });
}

void NvmeConnection::flush() {
    if (writing_ || closed_ || out_count_ == 0) {
        return;
    }
    if (silent_until_ > door_.clock().now()) {
        arm_send_timer();
        return;
    }
    while (out_count_ > 0 && !closed_) {
        std::array<iovec, parts_max> parts;
        std::size_t count = 0;
        std::size_t skip = out_done_;
        for (std::size_t i = 0, at = out_head_; i < out_count_ && count + 4 <= parts.size(); ++i) {
            for (std::size_t p = 0; p < out_[at].count; ++p) {
                const iovec& part = out_[at].parts[p];
                const std::size_t gone = std::min(skip, part.iov_len);
                skip -= gone;
                if (gone < part.iov_len) {
                    parts[count++] = {.iov_base = static_cast<std::byte*>(part.iov_base) + gone,
                                      .iov_len = part.iov_len - gone};
                }
            }
            at = at + 1 == out_.size() ? 0 : at + 1;
        }
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        const ssize_t gone =
            ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (gone >= 0) {
            sent(static_cast<std::size_t>(gone));
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            close();
            return;
        }
        writing_ = true;
        ++pending_;
        socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                           [this](const boost::system::error_code& error) {
                               --pending_;
                               writing_ = false;
                               if (!error && !closed_) {
                                   flush();
                               }
                               if (is_finished()) {
                                   door_.finished(*this);
                               }
                           });
        return;
    }
}

void NvmeConnection::sent(std::size_t bytes) {
    out_done_ += bytes;
    const bool was_full = output_bytes_ >= output_bytes_max;
    const TimePoint now = door_.clock().now();
    while (out_count_ > 0 && out_done_ >= out_[out_head_].bytes) {
        const Out& out = out_[out_head_];
        out_done_ -= out.bytes;
        const std::uint16_t index = out.command;
        out_head_ = out_head_ + 1 == out_.size() ? 0 : out_head_ + 1;
        --out_count_;
        if (index == no_command) {
            continue;
        }
        Command& command = commands_[index];
        output_bytes_ -= command.answer_bytes;
        if (command.timed) {
            door_.target().core().answered(command.ready, now, now - command.arrived);
        }
        release(index);
    }
    if (was_full && output_bytes_ < output_bytes_max) {
        now_ = now;
        parse(); // What waited in the buffer while the output was full.
        wait_readable();
    }
}

void NvmeConnection::reserve(Command& command, std::size_t bytes) {
    if (command.capacity < bytes) {
        command.buffer = std::make_unique_for_overwrite<std::byte[]>(bytes);
        command.capacity = bytes;
    }
}

void NvmeConnection::release(std::uint16_t index) noexcept {
    constexpr std::size_t kept_bytes = 256U << 10U;
    Command& command = commands_[index];
    if (command.capacity > kept_bytes) {
        command.buffer.reset();
        command.capacity = 0;
    }
    command.stage = Stage::free;
    free_.push_back(index);
}

} // namespace drivers::array
