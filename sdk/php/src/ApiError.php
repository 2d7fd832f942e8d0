<?php

declare(strict_types=1);

namespace MarketingHub;

/** A refusal: `reason` is the machine code of the error catalogue, `requestId` leads us to the call. */
final class ApiError extends \RuntimeException
{
    public readonly string $reason;
    public readonly bool $retryable;
    public readonly string $requestId;

    public function __construct(public readonly Answer $answer)
    {
        $said = \is_array($answer->data) ? $answer->data : [];
        $this->reason = (string) ($said['code'] ?? '');
        $this->retryable = (bool) ($said['retryable'] ?? false);
        $this->requestId = (string) ($said['request_id'] ?? $answer->headers['x-request-id'] ?? '');
        parent::__construct((string) ($said['message'] ?? "HTTP {$answer->status}"), $answer->status);
    }
}
