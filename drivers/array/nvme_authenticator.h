// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/nvme_auth_message.h"
#include "drivers/wire/nvme_auth_secret.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drivers::array {

// The controller's side of in-band authentication of one queue (Base 2.0, section 8.13): the host
// proves its secret, and the controller its own if the host asks for that.
class NvmeAuthenticator {
public:
    // Throws UsageError for a secret that cannot be read.
    NvmeAuthenticator(const std::string& host_secret,
                      const std::string& controller_secret,
                      std::string host_nqn,
                      std::string subsystem_nqn);

    bool is_done() const noexcept { return stage_ == Stage::done; }
    bool has_failed() const noexcept { return stage_ == Stage::failed; }

    // A message from the host; false: out of turn.
    bool take(std::span<const std::byte> message);
    // The message whose turn it is; empty: none is.
    std::vector<std::byte> give();

private:
    enum class Stage : std::uint8_t {
        negotiate,
        challenge,
        reply,
        success,
        confirmation,
        failure,
        failed,
        done
    };

    void on_negotiate(std::span<const std::byte> message);
    void on_reply(std::span<const std::byte> message);
    void refuse(std::uint8_t explanation) noexcept;
    std::vector<std::byte> prove(std::span<const std::byte> key,
                                 std::span<const std::byte> challenge,
                                 std::uint32_t sequence,
                                 bool controller) const;

    wire::nvme::AuthSecret host_;
    std::optional<wire::nvme::AuthSecret> controller_;
    std::string host_nqn_;
    std::string subsystem_nqn_;
    Stage stage_ = Stage::negotiate;
    std::uint16_t transaction_ = 0;
    std::uint8_t secure_channel_ = 0;
    std::uint8_t explanation_ = 0;
    wire::nvme::AuthChallenge challenge_;
    std::optional<wire::nvme::AuthExchange> exchange_;
    std::vector<std::byte> session_key_;
    std::vector<std::byte> answer_; // R2
};

} // namespace drivers::array
