// `@protobff/runtime/topic`: topics of streams, over the memory of the process, Redis or NATS.
export { type OpenTopicsOptions, openTopics, type TopicUse } from "../environment/open-topics.ts";
export { Topic, type TopicCall, type TopicSpec, Topics, topicSource } from "../topic/topic.ts";
