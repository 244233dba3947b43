#include "tests/support/simulated_file_system.h"

#include <algorithm>
#include <functional>
#include <random>

#include "base/core/check.h"

namespace longhaul {
namespace {

constexpr size_t kSectorBytes = 512;

Error failure(ErrorCode code, const std::string& what, const std::string& path) {
  return Error{code, what + " " + path + ": simulated"};
}

void apply_write(std::string& data, int64_t offset, const std::string& bytes) {
  const auto at = static_cast<size_t>(offset);
  if (data.size() < at + bytes.size()) data.resize(at + bytes.size());
  data.replace(at, bytes.size(), bytes);
}

}  // namespace

struct SimulatedFileSystem::Node {
  struct Write {
    int64_t offset;
    std::string bytes;
  };
  struct Change {  // of a folder; a rename removes one name and adds another
    std::string removed;
    std::string added;
    NodePtr node;
    void apply(std::map<std::string, NodePtr>& entries) const {
      if (!removed.empty()) entries.erase(removed);
      if (!added.empty()) entries[added] = node;
    }
  };

  bool is_directory = false;
  std::string data, durable_data;
  std::vector<Write> pending_writes;
  int64_t reserved_bytes = 0;
  std::map<std::string, NodePtr> entries, durable_entries;
  std::vector<Change> pending_changes;

  void change(Change c) {
    c.apply(entries);
    pending_changes.push_back(std::move(c));
  }

  // Decides with keep() about each pending piece; what is left is the state after the power cut.
  void settle(const std::function<bool()>& keep) {
    for (const Write& w : pending_writes) {
      for (size_t i = 0; i < w.bytes.size(); i += kSectorBytes) {
        if (keep())
          apply_write(durable_data, w.offset + static_cast<int64_t>(i), w.bytes.substr(i, kSectorBytes));
      }
    }
    for (const Change& c : pending_changes) {
      if (keep()) c.apply(durable_entries);
    }
    pending_writes.clear();
    pending_changes.clear();
    data = durable_data;
    entries = durable_entries;
    reserved_bytes = 0;
    for (auto& [name, node] : entries) node->settle(keep);
  }
};

struct SimulatedFileSystem::Place {
  NodePtr folder;
  std::string name;
};

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedFileSystem& disk, SimulatedFileSystem::NodePtr node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), epoch_(disk.epoch_) {}

  Result<> write_at(int64_t offset, std::span<const std::byte> bytes) override {
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto begun = begin("write");
    const auto end = offset + static_cast<int64_t>(text.size());
    const int64_t growth = end - std::max(static_cast<int64_t>(node_->data.size()), node_->reserved_bytes);
    if (begun && disk_.capacity_bytes_ && growth > 0 &&
        disk_.used_bytes() + growth > *disk_.capacity_bytes_) {
      begun = failure(ErrorCode::kNoSpace, "write", path_);
    }
    if (!begun) text.resize(text.size() / 2);  // a failed write has done a part of its work
    apply_write(node_->data, offset, text);
    node_->pending_writes.push_back({offset, text});
    return begun;
  }

  Result<int64_t> read_at(int64_t offset, std::span<std::byte> bytes) override {
    LH_TRY(begin("read"));
    const auto size = static_cast<int64_t>(node_->data.size());
    const int64_t n = std::clamp<int64_t>(size - offset, 0, static_cast<int64_t>(bytes.size()));
    std::copy_n(reinterpret_cast<const std::byte*>(node_->data.data()) + std::min(offset, size), n,
                bytes.begin());
    return n;
  }

  Result<> reserve(int64_t size_bytes) override {
    LH_TRY(begin("reserve"));
    const int64_t growth =
        size_bytes - std::max(static_cast<int64_t>(node_->data.size()), node_->reserved_bytes);
    if (disk_.capacity_bytes_ && disk_.used_bytes() + growth > *disk_.capacity_bytes_) {
      return failure(ErrorCode::kNoSpace, "reserve", path_);
    }
    node_->reserved_bytes = std::max(node_->reserved_bytes, size_bytes);
    return {};
  }

  Result<> sync() override {
    auto begun = begin("sync");
    if (disk_.sync_is_dropped()) return begun;
    if (begun) {  // only what is still pending: pages dropped by a failed sync are lost although `data` shows
                  // them
      for (const auto& w : node_->pending_writes) apply_write(node_->durable_data, w.offset, w.bytes);
    }
    if (begun || !disk_.lost_power()) node_->pending_writes.clear();
    return begun;
  }

  Result<int64_t> size_bytes() override {
    LH_TRY(begin("stat"));
    return static_cast<int64_t>(node_->data.size());
  }

  Result<> drop_cache() override { return {}; }

 private:
  Result<> begin(const std::string& what) {
    CHECK(epoch_ == disk_.epoch_);  // a file kept over a restart is a bug of the test
    return disk_.begin(what, path_);
  }

  SimulatedFileSystem& disk_;
  SimulatedFileSystem::NodePtr node_;
  std::string path_;
  int64_t epoch_;
};

SimulatedFileSystem::SimulatedFileSystem() : root_(std::make_shared<Node>()) { root_->is_directory = true; }
SimulatedFileSystem::~SimulatedFileSystem() = default;

void SimulatedFileSystem::fail_at(int64_t operation, ErrorCode code) { failures_[operation] = code; }
void SimulatedFileSystem::lose_power_at(int64_t operation) { power_loss_ = operation; }
void SimulatedFileSystem::drop_sync(int64_t sync) { dropped_syncs_.insert(sync); }
void SimulatedFileSystem::set_capacity(int64_t size_bytes) { capacity_bytes_ = size_bytes; }
bool SimulatedFileSystem::lost_power() const { return power_loss_ && operations_ > *power_loss_; }

void SimulatedFileSystem::restart(Survivors survivors, uint64_t seed) {
  std::mt19937_64 random(seed);
  root_->settle([&] {
    if (survivors == Survivors::kRandom) return (random() & 1) != 0;
    return survivors == Survivors::kAll;
  });
  ++epoch_;
  failures_.clear();
  power_loss_.reset();
  dropped_syncs_.clear();
}

Result<> SimulatedFileSystem::begin(const std::string& what, const std::string& path) {
  const int64_t number = operations_++;
  if (lost_power()) return failure(ErrorCode::kIo, what, path);
  if (const auto f = failures_.find(number); f != failures_.end()) return failure(f->second, what, path);
  return {};
}

bool SimulatedFileSystem::sync_is_dropped() {
  syncs_.push_back(operations_ - 1);
  return dropped_syncs_.contains(static_cast<int64_t>(syncs_.size()) - 1);
}

SimulatedFileSystem::NodePtr SimulatedFileSystem::find(const std::string& path) const {
  NodePtr node = root_;
  for (size_t at = 1; node && at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const auto entry = node->entries.find(path.substr(at, slash - at));
    node = entry == node->entries.end() ? nullptr : entry->second;
    at = slash + 1;
  }
  return node;
}

Result<SimulatedFileSystem::Place> SimulatedFileSystem::place(const std::string& path,
                                                              const std::string& what) const {
  const size_t slash = path.find_last_of('/');
  Place p{find(path.substr(0, slash)), path.substr(slash + 1)};
  if (!p.folder || !p.folder->is_directory) return failure(ErrorCode::kNotFound, what, path);
  return p;
}

int64_t SimulatedFileSystem::used_bytes() const {
  const std::function<int64_t(const Node&)> sum = [&](const Node& node) {
    int64_t bytes = std::max(static_cast<int64_t>(node.data.size()), node.reserved_bytes);
    for (const auto& [name, child] : node.entries) bytes += sum(*child);
    return bytes;
  };
  return sum(*root_);
}

void SimulatedFileSystem::flip_bit(const std::string& path, int64_t byte, int bit) {
  const NodePtr node = find(path);
  CHECK(node && byte < static_cast<int64_t>(node->data.size()));
  for (std::string* data : {&node->data, &node->durable_data}) {
    if (byte < static_cast<int64_t>(data->size()))
      (*data)[static_cast<size_t>(byte)] ^= static_cast<char>(1 << bit);
  }
}

void SimulatedFileSystem::put_file(const std::string& path, const std::string& content) {
  NodePtr node = root_;
  for (size_t at = 1; at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, slash - at);
    NodePtr& child = node->entries[name];
    if (!child) child = std::make_shared<Node>();
    node->durable_entries[name] = child;
    if (slash < path.size()) child->is_directory = true;
    node = child;
    at = slash + 1;
  }
  node->data = node->durable_data = content;
}

std::vector<std::string> SimulatedFileSystem::all_files() const {
  std::vector<std::string> paths;
  const std::function<void(const Node&, const std::string&)> walk = [&](const Node& node,
                                                                        const std::string& path) {
    if (!node.is_directory) paths.push_back(path);
    for (const auto& [name, child] : node.entries) walk(*child, path + "/" + name);
  };
  walk(*root_, "");
  return paths;
}

std::string SimulatedFileSystem::content(const std::string& path) const {
  const NodePtr node = find(path);
  CHECK(node && !node->is_directory);
  return node->data;
}

Result<std::unique_ptr<File>> SimulatedFileSystem::open(const std::string& path) {
  LH_TRY(begin("open", path));
  const NodePtr node = find(path);
  if (!node) return failure(ErrorCode::kNotFound, "open", path);
  if (node->is_directory) return failure(ErrorCode::kIo, "open folder", path);
  return std::unique_ptr<File>(std::make_unique<SimulatedFile>(*this, node, path));
}

Result<std::unique_ptr<File>> SimulatedFileSystem::create(const std::string& path) {
  LH_TRY(begin("create", path));
  LH_ASSIGN(const Place p, place(path, "create"));
  if (p.folder->entries.contains(p.name)) return failure(ErrorCode::kConflict, "create", path);
  const auto node = std::make_shared<Node>();
  p.folder->change({"", p.name, node});
  return std::unique_ptr<File>(std::make_unique<SimulatedFile>(*this, node, path));
}

Result<PathInfo> SimulatedFileSystem::info(const std::string& path) {
  LH_TRY(begin("stat", path));
  const NodePtr node = find(path);
  if (!node) return failure(ErrorCode::kNotFound, "stat", path);
  return PathInfo{node->is_directory, static_cast<int64_t>(node->data.size())};
}

Result<std::vector<std::string>> SimulatedFileSystem::list(const std::string& path) {
  LH_TRY(begin("list", path));
  const NodePtr node = find(path);
  if (!node) return failure(ErrorCode::kNotFound, "list", path);
  if (!node->is_directory) return failure(ErrorCode::kIo, "list", path);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->entries) names.push_back(name);
  return names;
}

Result<> SimulatedFileSystem::make_directory(const std::string& path) {
  LH_TRY(begin("mkdir", path));
  LH_ASSIGN(const Place p, place(path, "mkdir"));
  if (p.folder->entries.contains(p.name)) return failure(ErrorCode::kConflict, "mkdir", path);
  const auto node = std::make_shared<Node>();
  node->is_directory = true;
  p.folder->change({"", p.name, node});
  return {};
}

Result<> SimulatedFileSystem::sync_directory(const std::string& path) {
  auto begun = begin("sync folder", path);
  if (sync_is_dropped()) return begun;
  const NodePtr node = find(path);
  if (!node) return failure(ErrorCode::kNotFound, "sync folder", path);
  if (begun) {
    for (const Node::Change& c : node->pending_changes) c.apply(node->durable_entries);
  }
  if (begun || !lost_power()) node->pending_changes.clear();
  return begun;
}

Result<> SimulatedFileSystem::rename(const std::string& from, const std::string& to) {
  LH_TRY(begin("rename", from));
  LH_ASSIGN(const Place p, place(from, "rename"));
  LH_ASSIGN(const Place q, place(to, "rename"));
  CHECK(p.folder == q.folder);
  const auto entry = p.folder->entries.find(p.name);
  if (entry == p.folder->entries.end()) return failure(ErrorCode::kNotFound, "rename", from);
  p.folder->change({p.name, q.name, entry->second});
  return {};
}

Result<> SimulatedFileSystem::remove_file(const std::string& path) {
  LH_TRY(begin("remove", path));
  LH_ASSIGN(const Place p, place(path, "remove"));
  const NodePtr node = find(path);
  if (!node) return failure(ErrorCode::kNotFound, "remove", path);
  if (node->is_directory) return failure(ErrorCode::kIo, "remove folder as file", path);
  p.folder->change({p.name, "", nullptr});
  return {};
}

Result<> SimulatedFileSystem::remove_directory(const std::string& path) {
  LH_TRY(begin("rmdir", path));
  LH_ASSIGN(const Place p, place(path, "rmdir"));
  const NodePtr node = find(path);
  if (!node) return failure(ErrorCode::kNotFound, "rmdir", path);
  if (!node->is_directory || !node->entries.empty()) return failure(ErrorCode::kIo, "rmdir non-empty", path);
  p.folder->change({p.name, "", nullptr});
  return {};
}

Result<int64_t> SimulatedFileSystem::available_bytes(const std::string& path) {
  LH_TRY(begin("statvfs", path));
  return capacity_bytes_.value_or(int64_t{1} << 40) - used_bytes();
}

}  // namespace longhaul
