import { assert } from '../base/assert.ts'
import { topicMatches } from '../mqtt/topic.ts'

/**
 * One level of one or more keys. Without children it stands for exactly one key, which may go on
 * below it: levels are only spelled out where two keys share the way.
 */
class TrieNode<V> {
  readonly level: string
  /** The key that ends here or, without children, the only one that passes; with its value. */
  key: string | undefined
  value: V | undefined
  /** An only child is kept without a map: chains of levels are common and a map costs 200 bytes. */
  children: TrieNode<V> | Map<string, TrieNode<V>> | undefined

  constructor(level: string, key: string | undefined, value: V | undefined) {
    this.level = level
    this.key = key
    this.value = value
    this.children = undefined
  }

  child(level: string): TrieNode<V> | undefined {
    const children = this.children
    if (children === undefined) return undefined
    if (children instanceof Map) return children.get(level)
    return children.level === level ? children : undefined
  }

  add(child: TrieNode<V>): void {
    const children = this.children
    if (children === undefined) this.children = child
    else if (children instanceof Map) children.set(child.level, child)
    else this.children = new Map([[children.level, children]]).set(child.level, child)
  }

  remove(child: TrieNode<V>): void {
    if (this.children === child) this.children = undefined
    else if (this.children instanceof Map) {
      this.children.delete(child.level)
      if (this.children.size === 0) this.children = undefined
    }
  }
}

/** In place of a depth: everything below a `#` is wanted. */
const everything = -1

const dollar = 0x24

/**
 * A trie of topic filters or of topic names, by level; `+` and `#` are stored as levels like any
 * other. The router asks a trie of filters with a name (`matchTopic`); the match cache and the
 * retained messages ask a trie of names with a filter (`matchFilter`).
 *
 * Keys are valid (`checkTopicFilter`, `checkTopicName`), without `$share`. Both walks keep a stack
 * of their own, so a key of 65,535 levels costs time but no call stack.
 *
 * Invariants: 1. a node without children, other than the root, has a key. 2. the levels from the
 * root to a node are the first levels of every key in it and below it. 3. with children, a node's
 * key ends at it.
 */
export class TopicTrie<V> {
  #root = new TrieNode<V>('', undefined, undefined)
  #size = 0
  readonly #nodes: TrieNode<V>[] = []
  readonly #depths: number[] = []

  /** Keys in it. */
  get size(): number {
    return this.#size
  }

  clear(): void {
    this.#root = new TrieNode<V>('', undefined, undefined)
    this.#size = 0
  }

  get(key: string): V | undefined {
    let node = this.#root
    for (let from = 0; from <= key.length; from = endOfLevel(key, from) + 1) {
      const child = node.child(key.slice(from, endOfLevel(key, from)))
      if (child === undefined) return undefined
      node = child
      if (node.children === undefined) break
    }
    return node.key === key ? node.value : undefined
  }

  /** Sets the value of a key, in place of the one that it had. */
  set(key: string, value: V): void {
    let node = this.#root
    for (let from = 0; from <= key.length; ) {
      const end = endOfLevel(key, from)
      const level = key.slice(from, end)
      const child = node.child(level)
      if (child === undefined) {
        node.add(new TrieNode(level, key, value))
        this.#size++
        return
      }
      node = child
      from = end + 1
      if (node.key === key) break
      if (node.children === undefined) spellOut(node, from)
    }
    if (node.key === undefined) this.#size++
    node.key = key
    node.value = value
  }

  /** Removes a key, and the levels that only it needed. Answers whether it was there. */
  delete(key: string): boolean {
    const path = this.#nodes
    let node = this.#root
    for (let from = 0; from <= key.length; from = endOfLevel(key, from) + 1) {
      const child = node.child(key.slice(from, endOfLevel(key, from)))
      if (child === undefined) break
      path.push(node)
      node = child
      if (node.children === undefined) break
    }
    const isThere = node.key === key
    if (isThere) {
      node.key = undefined
      node.value = undefined
      this.#size--
      prune(path, node)
    }
    path.length = 0
    return isThere
  }

  /** Appends to `found` the values of all stored filters that a topic name matches. */
  matchTopic(topic: string, found: V[]): void {
    const levels = topic.split('/')
    const isInternal = topic.charCodeAt(0) === dollar
    this.#visit(this.#root, 0)
    for (let node = this.#nodes.pop(); node !== undefined; node = this.#nodes.pop()) {
      const depth = this.#depths.pop() as number
      if (node.children === undefined) {
        if (node.key !== undefined && topicMatches(node.key, topic)) found.push(node.value as V)
        continue
      }
      const isEnd = depth === levels.length
      if (isEnd && node.key !== undefined) found.push(node.value as V)
      const mayBeWild = depth > 0 || !isInternal
      const many = mayBeWild ? node.child('#') : undefined
      if (many !== undefined) found.push(many.value as V)
      if (isEnd) continue
      if (mayBeWild) this.#visit(node.child('+'), depth + 1)
      this.#visit(node.child(levels[depth] as string), depth + 1)
    }
  }

  /** Appends to `found` the values of all stored topic names that a filter matches. */
  matchFilter(filter: string, found: V[]): void {
    const levels = filter.split('/')
    this.#visit(this.#root, 0)
    for (let node = this.#nodes.pop(); node !== undefined; node = this.#nodes.pop()) {
      const depth = this.#depths.pop() as number
      if (node.children === undefined) {
        if (node.key === undefined) continue
        if (depth === everything || topicMatches(filter, node.key)) found.push(node.value as V)
        continue
      }
      const level = depth === everything ? '#' : levels[depth]
      const isWanted = level === undefined || level === '#'
      if (isWanted && node.key !== undefined) found.push(node.value as V)
      if (level === '#') this.#visitAll(node, everything, depth === 0)
      else if (level === '+') this.#visitAll(node, depth + 1, depth === 0)
      else if (level !== undefined) this.#visit(node.child(level), depth + 1)
    }
  }

  checkInvariants(): void {
    let size = 0
    for (const child of childrenOf(this.#root)) size += checkNode(child, child.level)
    assert(size === this.#size, 'the size is that of its keys')
    assert(
      this.#nodes.length === 0 && this.#depths.length === 0,
      'the stack is empty between calls',
    )
  }

  #visit(node: TrieNode<V> | undefined, depth: number): void {
    if (node === undefined) return
    this.#nodes.push(node)
    this.#depths.push(depth)
  }

  /** A wildcard in the first level leaves out what begins with `$`. [MQTT-4.7.2-1] */
  #visitAll(node: TrieNode<V>, depth: number, isFirstLevel: boolean): void {
    const children = node.children
    if (children === undefined) return
    if (!(children instanceof Map)) {
      if (!isFirstLevel || children.level.charCodeAt(0) !== dollar) this.#visit(children, depth)
      return
    }
    for (const child of children.values()) {
      if (!isFirstLevel || child.level.charCodeAt(0) !== dollar) this.#visit(child, depth)
    }
  }
}

function endOfLevel(key: string, from: number): number {
  const slash = key.indexOf('/', from)
  return slash < 0 ? key.length : slash
}

/** Gives a lone key's next level, which begins at `from`, a node of its own, unless it ends here. */
function spellOut<V>(node: TrieNode<V>, from: number): void {
  const key = node.key as string
  if (key.length < from) return
  const level = key.slice(from, endOfLevel(key, from))
  node.children = new TrieNode(level, key, node.value)
  node.key = undefined
  node.value = undefined
}

/** Takes away what has neither key nor children, from `node` up along its path. */
function prune<V>(path: TrieNode<V>[], node: TrieNode<V>): void {
  let empty = node
  for (let i = path.length - 1; i >= 0; i--) {
    if (empty.key !== undefined || empty.children !== undefined) return
    const parent = path[i] as TrieNode<V>
    parent.remove(empty)
    empty = parent
  }
}

function childrenOf<V>(node: TrieNode<V>): Iterable<TrieNode<V>> {
  if (node.children === undefined) return []
  return node.children instanceof Map ? node.children.values() : [node.children]
}

/** Checks a node to which the levels `path` lead; answers the keys in it and below. */
function checkNode<V>(node: TrieNode<V>, path: string): number {
  const { key, children } = node
  if (children === undefined) {
    assert(key !== undefined, 'a node without children has a key')
    assert(key === path || key.startsWith(`${path}/`), 'its levels lead to the key')
    return 1
  }
  assert(key === undefined || key === path, 'with children, a key ends at its node')
  let size = key === undefined ? 0 : 1
  for (const child of childrenOf(node)) size += checkNode(child, `${path}/${child.level}`)
  return size
}
