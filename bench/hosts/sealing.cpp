// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/sealing.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

namespace bench::hosts {

namespace {

constexpr std::size_t length_bytes = 4;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t record_bytes_max = 65536; // Of what is sealed.
constexpr std::size_t proof_bytes = 16;

template <auto release>
struct Release {
    template <typename T>
    void operator()(T* one) const noexcept {
        release(one);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Release<EVP_CIPHER_CTX_free>>;

[[noreturn]] void fail(const char* what) {
    throw drivers::HostError(std::string("the hosts' keys: ") + what);
}

const unsigned char* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data()); // NOLINT: OpenSSL's type.
}

unsigned char* bytes_of(std::string& text) noexcept {
    return reinterpret_cast<unsigned char*>(text.data()); // NOLINT: OpenSSL's type.
}

std::array<unsigned char, nonce_bytes> nonce_of(std::uint64_t record) {
    std::array<unsigned char, nonce_bytes> out{};
    for (std::size_t i = 0; i < sizeof record; ++i) {
        out[i] = static_cast<unsigned char>(record >> (8 * i));
    }
    return out;
}

std::string length_text(std::size_t length) {
    std::string out;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        out += static_cast<char>(length >> (8 * i) & 0xFFU);
    }
    return out;
}

std::size_t length_at(std::string_view sealed) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) {
        out |= std::size_t{static_cast<unsigned char>(sealed[i])} << (8 * i);
    }
    return out;
}

} // namespace

struct MeetingKey::Pair {
    Key key;
};

MeetingKey::MeetingKey()
    : pair_(std::make_unique<Pair>()) {
    pair_->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    std::size_t length = public_key_.size();
    if (!pair_->key ||
        EVP_PKEY_get_raw_public_key(pair_->key.get(), public_key_.data(), &length) != 1 ||
        length != public_key_.size()) {
        fail("none could be made");
    }
}

MeetingKey::~MeetingKey() = default;
MeetingKey::MeetingKey(MeetingKey&&) noexcept = default;

SealKey MeetingKey::shared_with(const PublicKey& other) const {
    const Key theirs(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, other.data(), other.size()));
    const KeyContext context(EVP_PKEY_CTX_new(pair_->key.get(), nullptr));
    SealKey out{};
    std::size_t length = out.size();
    if (!theirs || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), theirs.get()) != 1 ||
        EVP_PKEY_derive(context.get(), out.data(), &length) != 1 || length != out.size()) {
        fail("what another host tells as its public key is none");
    }
    return out;
}

SealKey derived_key(const SealKey& secret, std::string_view salt, std::string_view purpose) {
    const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
    SealKey out{};
    std::size_t length = out.size();
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set1_hkdf_salt(context.get(), bytes_of(salt), static_cast<int>(salt.size())) !=
            1 ||
        EVP_PKEY_CTX_set1_hkdf_key(context.get(), secret.data(), static_cast<int>(secret.size())) !=
            1 ||
        EVP_PKEY_CTX_add1_hkdf_info(
            context.get(), bytes_of(purpose), static_cast<int>(purpose.size())) != 1 ||
        EVP_PKEY_derive(context.get(), out.data(), &length) != 1) {
        fail("none could be derived");
    }
    return out;
}

Sealer::Sealer(const SealKey& key)
    : key_(key) {}

Sealer::~Sealer() {
    OPENSSL_cleanse(key_.data(), key_.size());
}

std::string Sealer::seal(std::string_view plain) {
    std::string out;
    out.reserve(plain.size() + (plain.size() / record_bytes_max + 1) * (length_bytes + tag_bytes));
    const Cipher cipher(EVP_CIPHER_CTX_new());
    while (!plain.empty()) {
        const std::string_view piece = plain.substr(0, record_bytes_max);
        plain.remove_prefix(piece.size());
        const std::string length = length_text(piece.size());
        const auto nonce = nonce_of(records_++);
        std::string sealed(piece.size() + tag_bytes, '\0');
        int written = 0;
        const bool done =
            cipher &&
            EVP_EncryptInit_ex(
                cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data()) == 1 &&
            EVP_EncryptUpdate(cipher.get(),
                              nullptr,
                              &written,
                              bytes_of(std::string_view(length)),
                              static_cast<int>(length.size())) == 1 &&
            EVP_EncryptUpdate(cipher.get(),
                              bytes_of(sealed),
                              &written,
                              bytes_of(piece),
                              static_cast<int>(piece.size())) == 1 &&
            EVP_EncryptFinal_ex(cipher.get(), bytes_of(sealed) + piece.size(), &written) == 1 &&
            EVP_CIPHER_CTX_ctrl(
                cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, bytes_of(sealed) + piece.size()) ==
                1;
        if (!done) {
            fail("a letter could not be sealed");
        }
        out += length;
        out += sealed;
    }
    return out;
}

Unsealer::Unsealer(const SealKey& key)
    : key_(key) {}

Unsealer::~Unsealer() {
    OPENSSL_cleanse(key_.data(), key_.size());
}

bool Unsealer::open(std::string& sealed, std::string& plain) {
    const Cipher cipher(EVP_CIPHER_CTX_new());
    std::size_t at = 0;
    while (sealed.size() - at >= length_bytes) {
        const std::string_view rest = std::string_view(sealed).substr(at);
        const std::size_t length = length_at(rest);
        if (length == 0 || length > record_bytes_max) {
            return false;
        }
        if (rest.size() < length_bytes + length + tag_bytes) {
            break;
        }
        const auto nonce = nonce_of(records_++);
        std::string tag(rest.substr(length_bytes + length, tag_bytes));
        std::string opened(length, '\0');
        int written = 0;
        const bool genuine =
            cipher &&
            EVP_DecryptInit_ex(
                cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce.data()) == 1 &&
            EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(rest), length_bytes) == 1 &&
            EVP_DecryptUpdate(cipher.get(),
                              bytes_of(opened),
                              &written,
                              bytes_of(rest.substr(length_bytes)),
                              static_cast<int>(length)) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, bytes_of(tag)) ==
                1 &&
            EVP_DecryptFinal_ex(cipher.get(), bytes_of(opened) + length, &written) == 1;
        if (!genuine) {
            return false;
        }
        plain += opened;
        at += length_bytes + length + tag_bytes;
    }
    sealed.erase(0, at);
    return true;
}

std::string seal_proof(const SealKey& key, std::string_view said) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (HMAC(EVP_sha256(),
             key.data(),
             static_cast<int>(key.size()),
             bytes_of(said),
             said.size(),
             digest.data(),
             &length) == nullptr) {
        fail("a proof could not be made");
    }
    return {digest.begin(), digest.begin() + proof_bytes};
}

bool is_proof(std::string_view proof, const SealKey& key, std::string_view said) noexcept {
    try {
        return proof.size() == proof_bytes &&
               CRYPTO_memcmp(proof.data(), seal_proof(key, said).data(), proof_bytes) == 0;
    } catch (...) {
        return false;
    }
}

} // namespace bench::hosts
