"""Trains the classifier on an EC2 instance: ./dogImages in, TrainedModels/model.pth out."""

import os

import torch
import torch.nn as nn
import torch.optim as optim
import torchvision.models as models
import torchvision.transforms as transforms
from PIL import ImageFile
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

ImageFile.LOAD_TRUNCATED_IMAGES = True

batch_size = 32
learning_rate = 0.001
epochs = 1


def net():
    model = models.resnet50(pretrained=True)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Sequential(nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 133))
    return model


def create_data_loader(folder, transform, shuffle=False):
    data = ImageFolder(folder, transform=transforms.Compose(transform))
    return DataLoader(data, batch_size=batch_size, shuffle=shuffle)


def train(model, loader, criterion, optimizer):
    model.train()
    for epoch in range(epochs):
        running_loss = 0.0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * inputs.size(0)
        print(f"Epoch {epoch}: Train Loss: {running_loss // len(loader.dataset)}", flush=True)


def test(model, loader, criterion):
    model.eval()
    running_loss = 0.0
    running_corrects = 0
    with torch.no_grad():
        for inputs, labels in loader:
            outputs = model(inputs)
            running_loss += criterion(outputs, labels).item() * inputs.size(0)
            running_corrects += torch.sum(outputs.argmax(1) == labels).item()
    print(f"Testing Loss: {running_loss // len(loader.dataset)}")
    print(f"Testing Accuracy: {running_corrects // len(loader.dataset)}")


train_loader = create_data_loader(
    "./dogImages/train",
    [
        transforms.RandomResizedCrop((224, 224)),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
    ],
    shuffle=True,
)
test_loader = create_data_loader(
    "./dogImages/test", [transforms.Resize((224, 224)), transforms.ToTensor()]
)
model = net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.fc.parameters(), lr=learning_rate)

print("Starting Model Training")
train(model, train_loader, criterion, optimizer)
test(model, test_loader, criterion)

os.makedirs("TrainedModels", exist_ok=True)
torch.save(model.state_dict(), "TrainedModels/model.pth")
print("saved")
