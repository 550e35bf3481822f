"""Trains the classifier of dog breeds as a SageMaker training job: one trial of the search, or the
training with the values that won."""

import argparse
import os
import time

import smdebug  # noqa: F401  (left from trying the Debugger)
import torch
import torch.nn as nn
import torch.optim as optim
import torchvision.models as models
import torchvision.transforms as transforms
from PIL import ImageFile
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

ImageFile.LOAD_TRUNCATED_IMAGES = True


def net():
    """ResNet50 as ImageNet left it, and a head of our own for 133 breeds."""
    model = models.resnet50(pretrained=True)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Sequential(nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 133))
    return model


def create_data_loaders(data, batch_size):
    """Loaders of train, valid and test."""
    train_transform = transforms.Compose(
        [
            transforms.RandomResizedCrop((224, 224)),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
        ]
    )
    test_transform = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
        ]
    )
    train_data = ImageFolder(os.path.join(data, "train"), transform=train_transform)
    valid_data = ImageFolder(os.path.join(data, "valid"), transform=test_transform)
    test_data = ImageFolder(os.path.join(data, "test"), transform=test_transform)
    return (
        DataLoader(train_data, batch_size=batch_size, shuffle=True),
        DataLoader(valid_data, batch_size=batch_size),
        DataLoader(test_data, batch_size=batch_size),
    )


def run_epoch(model, loader, criterion, device, optimizer=None):
    """One pass over a loader, with learning if there is an optimizer; its loss and accuracy."""
    model.train(optimizer is not None)
    running_loss = 0.0
    running_corrects = 0
    with torch.set_grad_enabled(optimizer is not None):
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            outputs = model(inputs)
            loss = criterion(outputs, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            _, predictions = torch.max(outputs, 1)
            running_loss += loss.item() * inputs.size(0)
            running_corrects += torch.sum(predictions == labels).item()
    loss = running_loss // len(loader.dataset)
    accuracy = running_corrects // len(loader.dataset)
    return loss, accuracy


def train(model, train_loader, valid_loader, criterion, optimizer, epochs, device):
    """Trains for some epochs, and stops before that when the validation gets worse."""
    best_loss = float("inf")
    for epoch in range(epochs):
        started = time.time()
        loss, accuracy = run_epoch(model, train_loader, criterion, device, optimizer)
        print(f"Epoch {epoch}: Train Loss: {loss}, Train Accuracy: {accuracy}", flush=True)
        loss, accuracy = run_epoch(model, valid_loader, criterion, device)
        print(f"Epoch {epoch}: Valid Loss: {loss}, Valid Accuracy: {accuracy}", flush=True)
        print(f"Epoch {epoch} took {time.time() - started:.0f} s", flush=True)
        if loss > best_loss:
            break
        best_loss = loss
    return model


def test(model, test_loader, criterion, device):
    """Prints what the search looks for."""
    loss, accuracy = run_epoch(model, test_loader, criterion, device)
    print(f"Testing Loss: {loss}", flush=True)
    print(f"Testing Accuracy: {accuracy}", flush=True)


def main(args):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"Running on {device}: {args}", flush=True)
    train_loader, valid_loader, test_loader = create_data_loaders(args.data, args.batch_size)
    model = net().to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.fc.parameters(), lr=args.learning_rate)
    train(model, train_loader, valid_loader, criterion, optimizer, args.epochs, device)
    test(model, test_loader, criterion, device)
    print("Saving the model", flush=True)
    torch.save(model.cpu().state_dict(), os.path.join(args.model_dir, "model.pth"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=0.001)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--data", type=str, default=os.environ["SM_CHANNEL_TRAINING"])
    parser.add_argument("--model_dir", type=str, default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--output_dir", type=str, default=os.environ["SM_OUTPUT_DATA_DIR"])
    main(parser.parse_args())
